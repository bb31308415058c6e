"""The currencies of the world, as ISO 4217 names them and as people write them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from migrator.catalogue import words

if TYPE_CHECKING:
    from collections.abc import Mapping

CURRENCIES = frozenset(
    words(
        """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN
    BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP
    ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR
    ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK
    PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
    SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND
    VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR
    ZMW ZWG
    """
    )
)
"""ISO 4217 alphabetic codes in force."""

_BY_SPELLING: Mapping[str, str] = {
    "€": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "£": "GBP",
    "pound": "GBP",
    "pounds": "GBP",
    "pound sterling": "GBP",
    "pounds sterling": "GBP",
    "british pound": "GBP",
    "british pounds": "GBP",
    "pfund": "GBP",
    "britisches pfund": "GBP",
    "livre sterling": "GBP",
    "libra esterlina": "GBP",
    "us$": "USD",
    "u$s": "USD",
    "us dollar": "USD",
    "us dollars": "USD",
    "us-dollar": "USD",
    "american dollar": "USD",
    "dollar américain": "USD",
    "dólar estadounidense": "USD",
    "ca$": "CAD",
    "can$": "CAD",
    "canadian dollar": "CAD",
    "kanadischer dollar": "CAD",
    "a$": "AUD",
    "au$": "AUD",
    "australian dollar": "AUD",
    "australischer dollar": "AUD",
    "nz$": "NZD",
    "new zealand dollar": "NZD",
    "s$": "SGD",
    "hk$": "HKD",
    "nt$": "TWD",
    "mx$": "MXN",
    "mexican peso": "MXN",
    "r$": "BRL",
    "real brasileiro": "BRL",
    "fr": "CHF",
    "sfr": "CHF",
    "franken": "CHF",
    "schweizer franken": "CHF",
    "swiss franc": "CHF",
    "swiss francs": "CHF",
    "franc suisse": "CHF",
    "yen": "JPY",
    "japanese yen": "JPY",
    "cn¥": "CNY",
    "yuan": "CNY",
    "renminbi": "CNY",
    "rmb": "CNY",
    "schwedische krone": "SEK",
    "swedish krona": "SEK",
    "svensk krona": "SEK",
    "norwegische krone": "NOK",
    "norwegian krone": "NOK",
    "dänische krone": "DKK",
    "danish krone": "DKK",
    "zł": "PLN",
    "zloty": "PLN",
    "złoty": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "forint": "HUF",
    "лв": "BGN",
    "₽": "RUB",
    "₹": "INR",
    "indian rupee": "INR",
    "₺": "TRY",
    "₩": "KRW",
    "₪": "ILS",
    "฿": "THB",
    "₫": "VND",
    "₴": "UAH",
    "₦": "NGN",
    "₱": "PHP",
    "₸": "KZT",
    "₾": "GEL",
    "₼": "AZN",
    "₵": "GHS",
    "₡": "CRC",
    "₲": "PYG",
    "₮": "MNT",
    "c$": "CAD NIO",
    "$": "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU",
    "dollar": "USD CAD AUD NZD SGD HKD TWD",
    "dollars": "USD CAD AUD NZD SGD HKD TWD",
    "dólar": "USD CAD AUD NZD SGD HKD TWD",
    "¥": "JPY CNY",
    "kr": "SEK NOK DKK ISK",
    "krone": "NOK DKK",
    "kroner": "NOK DKK",
    "krona": "SEK ISK",
    "kronor": "SEK",
    "lei": "RON MDL",
    "leu": "RON MDL",
}
"""Signs and names of currencies, in small letters and without a dot at the end, to the codes that
they can stand for, the likeliest first."""

_SIGN = re.compile(r"[^\w\s.,'()+-]")


def codes_of(text: str) -> tuple[str, ...]:
    """The ISO codes that a sign, a code or a name of a currency can stand for, likeliest first.

    >>> codes_of("€"), codes_of("Eur"), codes_of("US $"), codes_of("CHF"), codes_of("CAD$")
    (('EUR',), ('EUR',), ('USD',), ('CHF',), ('CAD',))
    >>> codes_of("kr."), codes_of("TBD"), codes_of("")
    (('SEK', 'NOK', 'DKK', 'ISK'), (), ())
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".")
    code = plain.upper()
    if code in CURRENCIES:
        return (code,)
    known = _BY_SPELLING.get(plain) or _BY_SPELLING.get(plain.replace(" ", ""))
    if known:
        return tuple(known.split())
    sign = _SIGN.search(plain)
    if not sign:
        return ()
    # A code beside a sign says which of its currencies is meant: CAD$, $ AUD.
    beside = plain.replace(sign[0], " ").strip(" .").upper()
    if beside in CURRENCIES:
        return (beside,)
    return tuple(_BY_SPELLING.get(sign[0], "").split())


def spellings_of_currencies() -> tuple[str, ...]:
    """All signs and names, in small letters, the longest first."""
    return tuple(sorted(_BY_SPELLING, key=lambda text: (-len(text), text)))
