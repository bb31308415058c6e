"""What columns of deals are called, in several languages: the one table that matching goes by.

A table has a paragraph for each language, ``en: name, another name``; lines that are indented more
belong to the one above. Case, accents, word separators and the word for "deal" itself do not
matter; :mod:`migrator.guess.headers` takes them off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "pt": "Portuguese",
    "it": "Italian",
    "nl": "Dutch",
}

OBJECTS = """
    deal deals opportunity opportunities opp oppty opps potential potentials
    geschaft geschafte verkaufschance verkaufschancen opportunitat
    affaire affaires opportunite opportunites transaction
    negocio negocios oportunidad oportunidades oportunidade oportunidades trato tratos
    opportunita trattativa trattative affare
    kans kansen verkoopkans verkoopkansen
"""
"""Words for the record itself: they tell nothing about which column it is."""

FIELDS: Mapping[str, str] = {
    "key": """
        en: id, record id, deal id, opportunity id, key, reference, external id, number, deal no,
            uid, guid, record key, no, nr
        de: kennung, datensatz id, nummer, vorgangsnummer, vorgangsnr, vorgang, schlussel,
            angebotsnummer, angebotsnr, lfd nr, nr
        fr: identifiant, numero, reference, cle, id enregistrement
        es: identificador, numero, referencia, clave, codigo, id de registro
        pt: identificador, numero, referencia, chave, codigo, id do registro
        it: identificativo, numero, riferimento, chiave, codice, id record
        nl: nummer, referentie, sleutel, kenmerk, record id
    """,
    "name": """
        en: name, title, deal name, opportunity name, topic, subject, deal title, deal
        de: titel, bezeichnung, betreff, thema, dealname, geschaftsname, verkaufschance, vorgang
        fr: nom, titre, intitule, objet, libelle, sujet, nom de l affaire
        es: nombre, titulo, asunto, tema, denominacion, nombre del negocio
        pt: nome, titulo, assunto, tema, nome do negocio
        it: nome, titolo, oggetto, argomento, denominazione, nome trattativa
        nl: naam, titel, onderwerp, omschrijving kort, naam van de deal
    """,
    "pipeline": """
        en: pipeline, sales pipeline, record type, sales process, funnel, board
        de: pipeline, vertriebspipeline, verkaufsprozess, vertriebsprozess, trichter
        fr: pipeline, entonnoir, tunnel de vente, processus de vente, tunnel
        es: pipeline, embudo, embudo de ventas, canal de ventas, proceso de venta, flujo
        pt: pipeline, funil, funil de vendas, processo de vendas
        it: pipeline, imbuto, processo di vendita, canale di vendita
        nl: pijplijn, pipeline, verkoopproces, verkooptrechter, trechter
    """,
    "stage": """
        en: stage, stage name, deal stage, sales stage, pipeline stage, pipeline phase, phase,
            step, step name
        de: phase, stufe, verkaufsphase, vertriebsphase, dealphase, stadium, schritt
        fr: etape, phase, phase de vente, etape de vente, etape du pipeline
        es: etapa, fase, etapa de venta, fase de venta, paso
        pt: etapa, fase, estagio, fase de venda, estagio de venda
        it: fase, stadio, fase di vendita, tappa
        nl: fase, stadium, verkoopfase, stap
    """,
    "status": """
        en: status, state, deal status, state code, outcome, won lost, result
        de: status, zustand, ergebnis, ausgang
        fr: statut, etat, resultat, issue
        es: estado, estatus, situacion, resultado
        pt: status, estado, situacao, resultado
        it: stato, esito, risultato
        nl: status, toestand, resultaat, uitkomst
    """,
    "amount": """
        en: amount, value, deal value, deal amount, close value, revenue, est revenue, estimated
            revenue, actual revenue, deal size, price, total, sum, total value, contract value,
            estimated value, amount in currency, net amount, gross amount, net value, gross value,
            net, gross
        de: betrag, wert, umsatz, dealwert, auftragswert, volumen, auftragssumme, summe,
            geschatzter umsatz, erlos, preis, netto, brutto, nettobetrag, bruttobetrag, nettowert,
            bruttowert, nettoumsatz, bruttoumsatz
        fr: montant, valeur, chiffre d affaires, revenu, prix, somme, revenu estime, montant total,
            montant ht, montant ttc, ht, ttc
        es: importe, valor, monto, cantidad, ingresos, precio, cuantia, ingresos estimados
        pt: valor, montante, quantia, receita, preco, importe, valor total
        it: importo, valore, ammontare, ricavo, prezzo, somma, ricavi previsti
        nl: bedrag, waarde, omzet, prijs, dealwaarde, som, geschatte omzet
    """,
    "currency": """
        en: currency, currency code, amount currency, deal currency, currency of value, currency
            iso code, iso currency code
        de: wahrung, wahrungscode, wahrung des werts
        fr: devise, code devise, monnaie, devise de la valeur
        es: moneda, divisa, codigo de moneda, moneda del valor
        pt: moeda, codigo da moeda, moeda do valor, divisa
        it: valuta, codice valuta, divisa, moneta
        nl: valuta, munteenheid, valutacode, munt
    """,
    "close_date": """
        en: close date, closing date, expected close date, est close date, estimated close date,
            forecasted close date, closed on, deal closed on, actual close date, due date,
            expected closing, signed on, signature date, closed date, closed at, end date
        de: abschlussdatum, abschluss, erwartetes abschlussdatum, abgeschlossen am, enddatum,
            geplanter abschluss, schlussdatum, voraussichtlicher abschluss, datum abschluss
        fr: date de cloture, date de cloture prevue, cloture, date de signature, date de fin, date
            de fermeture, echeance
        es: fecha de cierre, fecha de cierre prevista, cierre, fecha prevista de cierre, fecha
            estimada de cierre, fecha fin
        pt: data de fechamento, data de fecho, data de fechamento esperada, fechamento, data
            prevista de fecho, data de conclusao, data de encerramento
        it: data di chiusura, chiusura, data chiusura prevista, data prevista di chiusura, data
            fine
        nl: sluitingsdatum, afsluitdatum, verwachte sluitingsdatum, sluiting, datum gesloten,
            einddatum
    """,
    "created_at": """
        en: created, created at, created date, create date, creation date, created time, created
            on, date created, deal created, entered on, start date, open date, opened on, engage
            date, add time
        de: erstellt, erstellt am, erstellungsdatum, anlagedatum, angelegt am, angelegt, deal
            erstellt, datum erstellt, erfasst am
        fr: cree, cree le, date de creation, affaire creee, creation, date d ajout
        es: creado, creado el, fecha de creacion, creacion, negocio creado, fecha de alta, fecha
            de inicio
        pt: criado, criado em, data de criacao, negocio criado em, criacao, data de inicio
        it: creato, creato il, data di creazione, creazione, data creazione, data di inizio
        nl: aangemaakt, aangemaakt op, aanmaakdatum, gemaakt op, datum aangemaakt, startdatum
    """,
    "owner": """
        en: owner, deal owner, opportunity owner, owner name, owner email, owner e mail, sales
            rep, sales agent, rep, assigned to, salesperson, account executive, responsible, user,
            agent, seller, owned by, email owning user, potential owner
        de: besitzer, inhaber, verantwortlich, verantwortlicher, zustandig, zustandiger,
            eigentumer, verkaufer, vertriebler, bearbeiter, betreuer, vertriebsmitarbeiter
        fr: proprietaire, responsable, vendeur, commercial, charge d affaires, attribue a,
            proprietaire de l affaire
        es: propietario, responsable, vendedor, comercial, asignado a, dueno, encargado
        pt: proprietario, responsavel, vendedor, dono, atribuido a, comercial
        it: proprietario, responsabile, venditore, assegnato a, commerciale, titolare
        nl: eigenaar, verantwoordelijke, verkoper, toegewezen aan, accountmanager, beheerder
    """,
    "description": """
        en: description, deal description, notes, note, comment, comments, details, remarks, memo
        de: beschreibung, notiz, notizen, kommentar, bemerkung, bemerkungen, anmerkung,
            anmerkungen
        fr: description, notes, commentaire, commentaires, remarques, details
        es: descripcion, notas, comentario, comentarios, observaciones, detalles
        pt: descricao, notas, comentario, comentarios, observacoes, detalhes
        it: descrizione, note, commento, commenti, osservazioni, dettagli
        nl: beschrijving, omschrijving, notities, opmerking, opmerkingen, toelichting
    """,
    "probability": """
        en: probability, win probability, deal probability, likelihood, close probability,
            confidence, chance, percent
        de: wahrscheinlichkeit, abschlusswahrscheinlichkeit, gewinnwahrscheinlichkeit, chance
        fr: probabilite, chance, probabilite de gain
        es: probabilidad, probabilidad de cierre
        pt: probabilidade, probabilidade de fechamento
        it: probabilita, probabilita di chiusura
        nl: waarschijnlijkheid, kans, slagingskans, slaagkans
    """,
    "contacts": """
        en: contact, contacts, contact email, contact e mail, email, e mail, person email, contact
            person email, associated contact, customer email, primary contact, contact person,
            contact name
        de: kontakt, kontakte, ansprechpartner, kontaktperson, e mail des kontakts, kontakt e
            mail, kunden e mail
        fr: contact, contacts, email du contact, adresse e mail, courriel, interlocuteur, personne
            a contacter
        es: contacto, contactos, correo del contacto, correo electronico, persona de contacto,
            correo
        pt: contato, contatos, contacto, contactos, e mail do contato, pessoa de contato, correio
            eletronico
        it: contatto, contatti, e mail del contatto, referente, persona di contatto, posta
            elettronica
        nl: contact, contacten, contactpersoon, e mail van contactpersoon, e mailadres
    """,
    "companies": """
        en: company, companies, account, account name, organization, organisation, customer,
            client, associated company, company name, potential customer, company domain, account
            website
        de: firma, firmen, unternehmen, organisation, kunde, kundenname, firmenname, konto,
            kundenfirma
        fr: entreprise, entreprises, societe, organisation, client, compte, nom du compte, raison
            sociale
        es: empresa, empresas, compania, organizacion, cliente, cuenta, nombre de la cuenta, razon
            social
        pt: empresa, empresas, organizacao, cliente, conta, nome da conta, companhia
        it: azienda, aziende, societa, organizzazione, cliente, conto, ragione sociale, impresa,
            nome account
        nl: bedrijf, bedrijven, organisatie, klant, account, bedrijfsnaam, onderneming
    """,
}
"""Canonical field to its names."""

CUSTOM: Mapping[str, str] = {
    "lead_source": """
        en: lead source, source, source channel, origin, channel, campaign source
        de: leadquelle, quelle, herkunft
        fr: source, origine, source du prospect, piste source
        es: fuente, origen, fuente de leads, origen del prospecto
        pt: fonte, origem, fonte do lead, origem do lead
        it: fonte, origine, fonte lead
        nl: bron, leadbron, herkomst
    """,
    "next_step": """
        en: next step, next steps, next action
        de: nachster schritt, nachste schritte
        fr: prochaine etape, etape suivante, prochaine action
        es: siguiente paso, proximo paso
        pt: proxima etapa, proximo passo
        it: passo successivo, prossimo passo
        nl: volgende stap
    """,
    "lost_reason": """
        en: lost reason, loss reason, closed lost reason, reason for loss, reason lost, why lost
        de: verlustgrund, grund fur verlust, absagegrund
        fr: raison de la perte, motif de perte, raison perdue
        es: motivo de perdida, razon de la perdida, motivo de la perdida
        pt: motivo da perda, razao da perda, motivo de perda
        it: motivo della perdita, motivo perdita
        nl: reden van verlies, verliesreden
    """,
    "product": """
        en: product, product name, item, service
        de: produkt, produktname, artikel, leistung
        fr: produit, nom du produit, article, offre
        es: producto, nombre del producto, articulo, servicio
        pt: produto, nome do produto, artigo, servico
        it: prodotto, nome prodotto, articolo, servizio
        nl: product, productnaam, artikel, dienst
    """,
    "region": """
        en: region, territory, sales region
        de: region, gebiet, vertriebsgebiet
        fr: region, territoire, secteur
        es: region, territorio, zona
        pt: regiao, territorio
        it: regione, territorio, zona
        nl: regio, gebied
    """,
    "segment": """
        en: segment, customer segment, market segment
        de: segment, kundensegment
        fr: segment, segment client
        es: segmento
        pt: segmento
        it: segmento
        nl: segment
    """,
}
"""Fields that many deals have and no CRM names alike; they become fields of the target's own."""

OTHERS: Mapping[str, str] = {
    "a date of a change": """
        en: modified, modified at, modified on, modified time, modified date, last modified, last
            modified date, updated, updated at, update time, last updated date, system modstamp,
            do not modify modified on, last stage change, stage updated at, change log time
        de: geandert, geandert am, anderungsdatum, aktualisiert, zeit der aktualisierung, letzte
            anderung, letzte phasenanderung
        fr: modifie, modifie le, mis a jour, date de modification, derniere modification
        es: modificado, modificado el, actualizado, fecha de modificacion, ultima modificacion
        pt: modificado, modificado em, atualizado, atualizado em, data de modificacao, ultima
            modificacao
        it: modificato, modificato il, aggiornato, data di modifica, ultima modifica
        nl: gewijzigd, gewijzigd op, bijgewerkt, wijzigingsdatum, laatst gewijzigd
    """,
    "a date of an activity": """
        en: last activity, last activity date, last activity time, next activity date, last
            contacted, last email received, last email sent, last viewed date, last referenced
            date, archive time, lead conversion time, next meeting, date entered current stage
        de: letzte aktivitat, nachste aktivitat, datum der letzten aktivitat
        fr: derniere activite, prochaine activite, date de derniere activite
        es: ultima actividad, proxima actividad
        pt: ultima atividade, proxima atividade
        it: ultima attivita, prossima attivita
        nl: laatste activiteit, volgende activiteit
    """,
    "an id of another record": """
        en: account id, owner id, contact id, created by id, last modified by id, modified by id,
            company id, contact person id, organization id, pricebook id, pricebook2 id, campaign
            id, user id, record type id, associated company ids, associated contact ids, person
            id, parent id, account name id, contact name id, deal owner id, product id, customer
            id, client id, source channel id, source origin id, stage id, pipeline id
        de: firmen id, kunden id, kontakt id, besitzer id
        fr: id du compte, id du contact, id client, id proprietaire
        es: id de cuenta, id de contacto, id de cliente, id de propietario
        pt: id da conta, id do contato, id do cliente, id do proprietario
        it: id account, id contatto, id cliente, id proprietario
        nl: account id, contact id, klant id, eigenaar id
    """,
    "who made or changed it": """
        en: creator, created by, created by name, modified by, last modified by, creator user id
        de: ersteller, erstellt von, geandert von
        fr: createur, cree par, modifie par
        es: creador, creado por, modificado por
        pt: criador, criado por, modificado por
        it: creatore, creato da, modificato da
        nl: maker, aangemaakt door, gewijzigd door
    """,
    "a weighted or derived amount": """
        en: expected revenue, weighted value, weighted amount, forecast amount, weighted revenue,
            exchange rate, amount in company currency, amount in home currency, product amount,
            monthly recurring revenue, annual recurring revenue, annual contract value, discount,
            tax, cost, margin
        de: gewichteter wert, gewichteter betrag, erwarteter umsatz, wechselkurs, rabatt, kosten,
            marge
        fr: valeur ponderee, revenu attendu, montant pondere, taux de change, remise, marge
        es: valor ponderado, ingresos esperados, tipo de cambio, descuento, coste, margen
        pt: valor ponderado, receita esperada, taxa de cambio, desconto, custo, margem
        it: valore ponderato, ricavo atteso, tasso di cambio, sconto, costo, margine
        nl: gewogen waarde, verwachte omzet, wisselkoers, korting, kosten, marge
    """,
    "a currency of another amount": """
        en: currency of weighted value, expected revenue currency, weighted value currency
        de: wahrung des gewichteten werts
    """,
    "a fact about a company or a person": """
        en: annual revenue, number of employees, employees, headcount, staff, industry, sector,
            year established, founded, subsidiary of, parent account, website, phone, fax, sic,
            ticker symbol, ownership, billing street, billing city, billing state, billing country,
            billing postal code, shipping city, street, zip, postal code, first name, last name,
            salutation, job title, mobile phone
        de: jahresumsatz, mitarbeiter, mitarbeiterzahl, anzahl mitarbeiter, branche, grundungsjahr,
            webseite, telefon, strasse, plz, postleitzahl, vorname, nachname, anrede, position
        fr: chiffre d affaires annuel, effectif, nombre d employes, secteur d activite, telephone,
            rue, code postal, prenom, nom de famille, civilite
        es: ingresos anuales, empleados, numero de empleados, telefono, calle, codigo postal,
            apellido, apellidos
        pt: receita anual, funcionarios, numero de funcionarios, telefone, rua, sobrenome
        it: fatturato annuo, dipendenti, numero di dipendenti, telefono, via, cap, cognome
        nl: jaaromzet, werknemers, aantal werknemers, telefoon, straat, voornaam, achternaam
    """,
    "a flag": """
        en: is deleted, is closed, is won, is private, has opportunity line item, has open
            activity, has overdue task, locked, archived, archive status, is lost, deleted, is
            deal closed, close date pushed, active
        de: ist gelost, ist geschlossen, ist gewonnen, archiviert, geloscht
        fr: est supprime, est ferme, est gagne, archive
        es: esta eliminado, esta cerrado, esta ganado, archivado
        pt: excluido, fechado, ganho, arquivado
        it: eliminato, chiuso, vinto, archiviato
        nl: verwijderd, gesloten, gewonnen, gearchiveerd
    """,
    "a period": """
        en: fiscal, fiscal period, fiscal quarter, fiscal year, quarter, year, month, close
            quarter, engage quarter, age, days to close, sales cycle days, sales cycle duration,
            overall sales duration, days since last activity, lifecycle days, actual duration,
            duration
        de: geschaftsjahr, quartal, jahr, monat, alter, dauer, tage bis abschluss
        fr: exercice, trimestre, annee, mois, duree, age
        es: ano fiscal, trimestre, ano, mes, duracion, antiguedad
        pt: ano fiscal, trimestre, ano, mes, duracao, idade
        it: anno fiscale, trimestre, anno, mese, durata, eta
        nl: boekjaar, kwartaal, jaar, maand, duur, leeftijd
    """,
    "a count": """
        en: quantity, product quantity, total opportunity quantity, number of contacts, number of
            activities, total activities, done activities, activities to do, email messages count,
            number of associated contacts, number of sales activities, stage order, count
        de: menge, anzahl, anzahl aktivitaten
        fr: quantite, nombre, nombre d activites
        es: cantidad de productos, numero de actividades
        pt: quantidade, numero de atividades
        it: quantita, numero di attivita
        nl: hoeveelheid, aantal, aantal activiteiten
    """,
    "a label": """
        en: type, deal type, opportunity type, label, rating, priority, tag, tags, forecast
            category, forecast category name, visible to, category, lost at stage, source origin,
            country, city, row checksum, do not modify row checksum, team
        de: typ, art, etikett, prioritat, kategorie, sichtbar fur, branche, land, ort
        fr: type, etiquette, priorite, categorie, visible par, secteur d activite, pays, ville
        es: tipo, etiqueta, prioridad, categoria, visible para, sector, pais, ciudad
        pt: tipo, etiqueta, prioridade, categoria, visivel para, setor, pais, cidade
        it: tipo, etichetta, priorita, categoria, visibile a, settore, paese, citta
        nl: type, label, prioriteit, categorie, zichtbaar voor, branche, land, plaats
    """,
    "a date of one ending": """
        en: won time, lost time, won date, lost date, date won, date lost
        de: datum des gewonnenen deals, datum des verlorenen deals, gewonnen am, verloren am
        fr: date de gain, date de perte, heure de l echec, gagne le, perdu le
        es: fecha de ganado, fecha de perdida, ganado el, perdido el
        pt: ganho em, data de perda, perdido em, data do ganho
        it: vinto il, perso il, data di vincita, data di perdita
        nl: gewonnen op, verloren op, datum gewonnen, datum verloren
    """,
}
"""What other columns of deals are called: one of them is no canonical field, however alike."""

OWNER_IDS = """
    en: owner id, deal owner id, user id, owner user id, assigned to id, sales rep id, rep id
    de: besitzer id, verkaufer id
    fr: id proprietaire
    es: id de propietario
    pt: id do proprietario
    it: id proprietario
    nl: eigenaar id
"""
"""Columns that name the owner by an id: of use only to somebody who knows whose it is."""

STAGES = """
    en: new, open, prospecting, prospect, lead, contact made, to contact, in contact, follow up,
        qualify, qualified, qualification, qualifying, discovery, needs analysis, develop,
        appointment scheduled, engaging, engaged, demo, demo scheduled, presentation scheduled,
        value proposition, perception analysis, decision makers, id decision makers, identify
        decision makers, decision maker bought in, qualified to buy, evaluation, proposal,
        propose, proposal made, proposal price quote, quote, quotation, pending commitment,
        pending, on hold, in negotiation, negotiation, negotiations started, negotiation review,
        verbal, verbal commitment, contract, contract sent, commit, closing, close
    de: neu, interessent, kontakt, kontaktiert, qualifiziert, qualifizierung, bedarfsanalyse,
        termin, demo, vorstellung, angebot, angebot erstellt, angebot gesendet, verhandlung, in
        verhandlung, mundliche zusage, vertrag, vertrag gesendet, abschluss
    fr: nouveau, prospection, prospect, contact etabli, qualifie, qualification, analyse des
        besoins, rendez vous, demo, demo planifiee, proposition, devis, proposition faite,
        negociation, negociation en cours, accord verbal, contrat, contrat envoye, signature
    es: nuevo, prospeccion, prospecto, contactado, calificado, cualificado, calificacion, analisis
        de necesidades, demo, propuesta, presupuesto, propuesta hecha, negociacion, contrato,
        contrato enviado
    pt: novo, prospeccao, contato feito, qualificado, qualificacao, analise de necessidades, demo,
        demonstracao, proposta, orcamento, proposta feita, negociacao, contrato, contrato enviado
    it: nuovo, prospezione, contatto, qualificato, qualificazione, analisi delle esigenze, demo,
        proposta, preventivo, offerta, trattativa, negoziazione, contratto, contratto inviato
    nl: nieuw, prospectie, contact gelegd, gekwalificeerd, kwalificatie, behoefteanalyse, demo,
        voorstel, offerte, onderhandeling, contract, contract verzonden
"""
"""What stages on the way are called, in their usual order."""

WON = """
    en: won, closed won, win, sold, signed, deal won
    de: gewonnen, abgeschlossen und gewonnen, verkauft, auftrag
    fr: gagne, gagnee, affaire gagnee, signe, conclu, ferme gagne
    es: ganado, ganada, cerrado ganado, cierre ganado, vendido
    pt: ganho, ganha, fechado ganho, negocio fechado, vendido
    it: vinto, vinta, chiuso vinto, chiusa vinta, acquisito
    nl: gewonnen, gesloten gewonnen, verkocht
"""

LOST = """
    en: lost, closed lost, closed lost to competition, disqualified, dead, abandoned, deal lost,
        cancelled, canceled
    de: verloren, abgeschlossen und verloren, abgesagt, abgebrochen
    fr: perdu, perdue, affaire perdue, ferme perdu, abandonne
    es: perdido, perdida, cerrado perdido, cierre perdido, cancelado
    pt: perdido, perdida, fechado perdido, cancelado
    it: perso, persa, chiuso perso, chiusa persa, annullato
    nl: verloren, gesloten verloren, afgewezen
"""

OPEN = """
    en: open, active, in progress, ongoing
    de: offen, aktiv, laufend
    fr: ouvert, ouverte, en cours
    es: abierto, abierta, en curso, activo
    pt: aberto, aberta, em andamento, ativo
    it: aperto, aperta, in corso, attivo
    nl: open, lopend, actief
"""

WAITING = """
    en: pending, on hold, hold, paused, postponed, deferred, waiting, stalled, inactive, dormant,
        unknown, other, closed
    de: wartend, ausstehend, zuruckgestellt, pausiert, ruht, ruhend, verschoben, inaktiv,
        geschlossen, abgeschlossen, unbekannt
    fr: en attente, en suspens, suspendu, suspendue, reporte, inactif, ferme, inconnu
    es: pendiente, en espera, en pausa, aplazado, inactivo, cerrado, desconocido
    pt: pendente, em espera, em pausa, adiado, inativo, fechado, desconhecido
    it: in attesa, in sospeso, sospeso, rinviato, inattivo, chiuso, sconosciuto
    nl: in afwachting, in de wacht, wachtend, uitgesteld, inactief, gesloten, onbekend
"""
"""What says neither open nor won nor lost: somebody has to decide what it is."""
