using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Instalments;
using Services.SchoolFees.Tariffs;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees.Imports;

/// <summary>School years.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportYears(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "years").Run(
        file, ["anno", "dal", "al"], [],
        row =>
        {
            var year = new { Name = row.Text("anno", 9), From = row.Day("dal"), To = row.Day("al") };
            if (row.Errors.Count == 0 && (year.Name != $"{year.From.Year}/{year.From.Year + 1}" || year.To <= year.From || year.To.DayNumber - year.From.DayNumber >= 400))
                row.Add("anno", "Scrivi l'anno come 2026/2027, con il primo e l'ultimo giorno.");
            return year;
        },
        year => year.Name,
        async (session, year) => Written.By(await session.First<bool?>(
            """
            insert into schoolfees.school_year as known (entity_id, school_year, starts_on, ends_on) values (@entity, @Name, @From, @To)
            on conflict (entity_id, school_year) do update set starts_on = excluded.starts_on, ends_on = excluded.ends_on
            where (known.starts_on, known.ends_on) is distinct from (excluded.starts_on, excluded.ends_on)
            returning xmax = 0
            """, new { entity = session.Entity, year.Name, year.From, year.To })),
        stop);
}

/// <summary>Schools.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportSchools(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "schools").Run(
        file, ["scuola", "nome"], [],
        row => new { Id = row.Code("scuola", 20), Name = row.Text("nome") },
        school => school.Id,
        async (session, school) => Written.By(await session.First<bool?>(
            """
            insert into schoolfees.school as known (entity_id, school_id, name) values (@entity, @Id, @Name)
            on conflict (entity_id, school_id) do update set name = excluded.name where known.name <> excluded.name
            returning xmax = 0
            """, new { entity = session.Entity, school.Id, school.Name })),
        stop);
}

/// <summary>Periods of lessons and of closure.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportCalendar(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "calendar").Run(
        file, ["scuola", "tipo", "dal", "al"], [],
        row =>
        {
            var period = new { School = row.Code("scuola", 20), Closed = row.Choice("tipo", "lezioni", "chiusura") == "chiusura", From = row.Day("dal"), To = row.Day("al") };
            if (row.Errors.Count == 0 && period.To < period.From)
                row.Add("al", "L'ultimo giorno è prima del primo.");
            return period;
        },
        period => $"{period.School} {period.Closed} {period.From:O}",
        async (session, period) =>
            await session.First<bool>("select exists (select from schoolfees.school where entity_id = @entity and school_id = @School)", new { entity = session.Entity, period.School })
                ? Written.By(await session.First<bool?>(
                    """
                    insert into schoolfees.calendar as known (entity_id, school_id, starts_on, closed, ends_on) values (@entity, @School, @From, @Closed, @To)
                    on conflict (entity_id, school_id, starts_on, closed) do update set ends_on = excluded.ends_on where known.ends_on <> excluded.ends_on
                    returning xmax = 0
                    """, new { entity = session.Entity, period.School, period.From, period.Closed, period.To }))
                : Written.No($"La scuola {period.School} non c'è: carica prima le scuole."),
        stop);
}

/// <summary>What families pay for, each with its pagoPA code.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportServices(ISessions sessions, ICommands commands) : IImport
{
    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        var report = await Load(file, stop);
        await KeepWallets.All(commands, stop);
        return report;
    }

    Task<ImportReport> Load(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "services").Run(
        file, ["servizio", "tipo", "nome", "codice_tassonomia", "capitolo"], ["borsellino_dal"],
        row =>
        {
            var service = new
            {
                Id = row.Code("servizio", 20), Kind = row.Choice("tipo", "mensa", "trasporto", "pre", "post", "nido", "centro_estivo", "retta"), Name = row.Text("nome", 80),
                TaxCode = row.Text("codice_tassonomia", 20), Account = row.Text("capitolo", 40), Prepaid = row.Has("borsellino_dal") ? row.Month("borsellino_dal") : (DateOnly?)null,
            };
            if (!System.Text.RegularExpressions.Regex.IsMatch(service.TaxCode, "^9/[0-9]{7}[A-Z]{2}/$", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)))
                row.Add("codice_tassonomia", "Scrivi il codice della tassonomia pagoPA come 9/0107101TS/.");
            return service;
        },
        service => service.Id,
        async (session, service) => await Fault(session, service.Id, service.Prepaid) is { } fault ? Written.No(fault) : Written.By(await session.First<bool?>(
            """
            insert into schoolfees.service as known (entity_id, service_id, kind, name, tax_code, account, prepaid_from) values (@entity, @Id, @Kind, @Name, @TaxCode, @Account, @Prepaid::date)
            on conflict (entity_id, service_id) do update set kind = excluded.kind, name = excluded.name, tax_code = excluded.tax_code, account = excluded.account, prepaid_from = coalesce(excluded.prepaid_from, known.prepaid_from)
            where (known.kind, known.name, known.tax_code, known.account, known.prepaid_from) is distinct from (excluded.kind, excluded.name, excluded.tax_code, excluded.account, coalesce(excluded.prepaid_from, known.prepaid_from))
            returning xmax = 0
            """, new { entity = session.Entity, service.Id, service.Kind, service.Name, service.TaxCode, service.Account, service.Prepaid })),
        stop);

    /// <summary>What keeps a service from becoming prepaid from a month on: what was billed or taken off already stays as it is.</summary>
    static async Task<string?> Fault(IEntitySession session, string service, DateOnly? prepaid)
    {
        if (prepaid is not { } from)
            return null;
        var args = new { entity = session.Entity, service, from };
        await session.Execute("select from schoolfees.service where entity_id = @entity and service_id = @service for update", args);
        if (await session.First<DateOnly?>("select prepaid_from from schoolfees.service where entity_id = @entity and service_id = @service and prepaid_from is not null", args) is { } known)
            return known == from ? null : $"Il borsellino di {service} vale già dal {known:MM/yyyy}: non si cambia più.";
        if (await session.First<bool>("select exists (select from schoolfees.run where entity_id = @entity and service_id = @service and period >= @from and state = 'approved')", args))
            return $"Da {from:MM/yyyy} in poi ci sono già bollette approvate di {service}: scegli un mese dopo l'ultima.";
        return (await TariffRow.All(session, service)).Any(tariff => tariff.Unit != TariffUnit.Meal || tariff.Fixed > Euro.Zero)
            ? $"{service} ha una tariffa che non è solo a pasto: il borsellino toglie i pasti, uno per giorno."
            : null;
    }
}

/// <summary>Pupils, each with the person who pays.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportPupils(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "pupils").Run(
        file, ["alunno", "cognome_alunno", "nome_alunno", "nato_il", "cf_alunno", "residente", "pagante", "cognome_pagante", "nome_pagante", "cf_pagante"], ["email_pagante"],
        row => new
        {
            Id = row.Code("alunno"), FamilyName = row.Text("cognome_alunno", 60), GivenName = row.Text("nome_alunno", 60), BornOn = row.Day("nato_il"), TaxCode = row.TaxCodeOf("cf_alunno"),
            Resident = row.YesNo("residente"), Payer = row.Code("pagante"), PayerFamilyName = row.Text("cognome_pagante", 60), PayerGivenName = row.Text("nome_pagante", 60),
            PayerTaxCode = row.TaxCodeOf("cf_pagante"), Email = row.Has("email_pagante") ? row.Text("email_pagante", 254) : null,
        },
        pupil => pupil.Id,
        async (session, pupil) =>
        {
            if (pupil.Id == pupil.Payer)
                return Written.No("Chi paga e l'alunno hanno lo stesso codice.");
            var changed = await session.Execute(
                """
                insert into schoolfees.person as known (entity_id, person_id, family_name, given_name, tax_code, email, born_on)
                values (@entity, @Payer, @PayerFamilyName, @PayerGivenName, @PayerTaxCode, @Email, null)
                on conflict (entity_id, person_id) do update set
                    family_name = excluded.family_name, given_name = excluded.given_name, tax_code = excluded.tax_code, email = coalesce(excluded.email, known.email)
                where (known.family_name, known.given_name, known.tax_code, known.email)
                      is distinct from (excluded.family_name, excluded.given_name, excluded.tax_code, coalesce(excluded.email, known.email))
                """, new { entity = session.Entity, pupil.Payer, pupil.PayerFamilyName, pupil.PayerGivenName, pupil.PayerTaxCode, pupil.Email });
            changed += await session.Execute(
                """
                insert into schoolfees.person as known (entity_id, person_id, family_name, given_name, tax_code, email, born_on)
                values (@entity, @Id, @FamilyName, @GivenName, @TaxCode, null, @BornOn)
                on conflict (entity_id, person_id) do update set
                    family_name = excluded.family_name, given_name = excluded.given_name, tax_code = excluded.tax_code, born_on = excluded.born_on
                where (known.family_name, known.given_name, known.tax_code, known.born_on)
                      is distinct from (excluded.family_name, excluded.given_name, excluded.tax_code, excluded.born_on)
                """, new { entity = session.Entity, pupil.Id, pupil.FamilyName, pupil.GivenName, pupil.TaxCode, pupil.BornOn });
            var inserted = await session.First<bool?>(
                """
                insert into schoolfees.pupil as known (entity_id, pupil_id, payer_id, resident) values (@entity, @Id, @Payer, @Resident)
                on conflict (entity_id, pupil_id) do update set payer_id = excluded.payer_id, resident = excluded.resident
                where (known.payer_id, known.resident) is distinct from (excluded.payer_id, excluded.resident)
                returning xmax = 0
                """, new { entity = session.Entity, pupil.Id, pupil.Payer, pupil.Resident });
            return Written.By(inserted ?? (changed > 0 ? false : null));
        },
        stop);
}

/// <summary>Who uses which service in which school, from when to when. A withdrawal is an end; a move is an end and a new enrolment.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportEnrolments(ISessions sessions, ISettings<SchoolFeesSettings> settings, ICommands commands, TimeProvider time) : IImport
{
    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        var report = await Run(file, await settings.Read(stop), stop);
        await KeepWallets.All(commands, stop);
        return report;
    }

    Task<ImportReport> Run(ImportFile file, SchoolFeesSettings policy, CancellationToken stop) => new RegisterLoad(sessions, "enrolments").Run(
        file, ["iscrizione", "alunno", "servizio", "scuola", "dal", "al"], ["esente", "deroga"],
        row =>
        {
            var enrolment = new
            {
                Id = row.Code("iscrizione"), Pupil = row.Code("alunno"), Service = row.Code("servizio", 20), School = row.Code("scuola", 20), From = row.Day("dal"), To = row.OptionalDay("al"),
                Exempt = row.YesNo("esente"), Waived = row.YesNo("deroga"),
            };
            if (enrolment.To < enrolment.From)
                row.Add("al", "L'ultimo giorno è prima del primo.");
            return enrolment;
        },
        enrolment => enrolment.Id,
        async (session, e) =>
        {
            // The pupil's row is the lock: two loads cannot enrol the same child twice for the same days.
            var known = await session.First<Known>(
                """
                select (select true from schoolfees.pupil where entity_id = @entity and pupil_id = @Pupil for update) as pupil,
                       exists (select from schoolfees.service where entity_id = @entity and service_id = @Service) as service,
                       exists (select from schoolfees.school where entity_id = @entity and school_id = @School) as school
                """, new { entity = session.Entity, e.Pupil, e.Service, e.School });
            if (known is not { Pupil: true, Service: true, School: true })
                return Written.No($"Non c'è {(known?.Pupil != true ? $"l'alunno {e.Pupil}" : !known.Service ? $"il servizio {e.Service}" : $"la scuola {e.School}")}: caricalo prima.");
            // What was eaten and billed is known by pupil and service: a code that is used again for another would leave it behind.
            if (await session.First<string>(
                    "select pupil_id || ' ' || service_id from schoolfees.enrolment where entity_id = @entity and enrolment_id = @Id and (pupil_id, service_id) <> (@Pupil, @Service)",
                    new { entity = session.Entity, e.Id, e.Pupil, e.Service }) is { } whose)
                return Written.No($"L'iscrizione {e.Id} è già di {whose}: dai un altro codice a questa.");
            var other = await session.First<string>(
                """
                select enrolment_id from schoolfees.enrolment
                where entity_id = @entity and pupil_id = @Pupil and service_id = @Service and enrolment_id <> @Id
                  and daterange(starts_on, ends_on, '[]') && daterange(@From, @To::date, '[]')
                limit 1
                """, new { entity = session.Entity, e.Pupil, e.Service, e.Id, e.From, e.To });
            if (other is not null)
                return Written.No($"L'alunno è già iscritto a questo servizio negli stessi giorni (iscrizione {other}): chiudi prima quella.");
            if (policy.BlockAfter is { } days && !e.Waived && !e.Exempt && await Debt(session, e.Id, e.Pupil, LegalTime.Day(time.GetUtcNow()).AddDays(-days)) is { } bill)
                return Written.No($"Chi paga per {e.Pupil} ha la bolletta {bill} scaduta da più di {days} giorni: la nuova iscrizione aspetta, salvo deroga dei servizi sociali (deroga = sì).");
            if (policy.WalletDebt is { } most && !e.Waived && !e.Exempt && await WalletDebt(session, e.Id, e.Pupil, most) is { } wallet)
                return Written.No($"Il borsellino {wallet} di {e.Pupil} è in debito di più di {most}: la nuova iscrizione aspetta, salvo deroga dei servizi sociali (deroga = sì).");
            return Written.By(await session.First<bool?>(
                """
                insert into schoolfees.enrolment as known (entity_id, enrolment_id, pupil_id, service_id, school_id, starts_on, ends_on, exempt)
                values (@entity, @Id, @Pupil, @Service, @School, @From, @To::date, @Exempt)
                on conflict (entity_id, enrolment_id) do update set
                    pupil_id = excluded.pupil_id, service_id = excluded.service_id, school_id = excluded.school_id, starts_on = excluded.starts_on, ends_on = excluded.ends_on, exempt = excluded.exempt
                where (known.pupil_id, known.service_id, known.school_id, known.starts_on, known.ends_on, known.exempt)
                      is distinct from (excluded.pupil_id, excluded.service_id, excluded.school_id, excluded.starts_on, excluded.ends_on, excluded.exempt)
                returning xmax = 0
                """, new { entity = session.Entity, e.Id, e.Pupil, e.Service, e.School, e.From, e.To, e.Exempt }));
        },
        stop);

    /// <summary>A bill that keeps a pupil from a new enrolment; a known one may always be changed or ended. What waits for an answer of the office keeps nobody out.</summary>
    static Task<string?> Debt(IEntitySession session, string enrolment, string pupil, DateOnly last) => session.First<string>(
        """
        select b.code from schoolfees.pupil p
        join schoolfees.bill b on b.entity_id = p.entity_id and b.payer_id = p.payer_id
        join
        """ + Owed.Rows +
        """
         o on o.bill_id = b.bill_id
        where p.entity_id = @entity and p.pupil_id = @pupil and o.due_on < @last
          and not exists (select from schoolfees.enrolment k where k.entity_id = p.entity_id and k.enrolment_id = @enrolment)
          and not exists (select from schoolfees.dispute d where d.entity_id = b.entity_id and d.bill_id = b.bill_id and d.answer is null)
        order by o.due_on, b.code limit 1
        """, new { entity = session.Entity, enrolment, pupil, last });

    static Task<string?> WalletDebt(IEntitySession session, string enrolment, string pupil, Euro most) => session.First<string>(
        """
        select w.code from schoolfees.wallet w
        where w.entity_id = @entity and w.pupil_id = @pupil
          and (select coalesce(sum(l.cents), 0) from schoolfees.wallet_line l where l.entity_id = w.entity_id and l.wallet_id = w.wallet_id) < -@most
          and not exists (select from schoolfees.enrolment k where k.entity_id = w.entity_id and k.enrolment_id = @enrolment)
        order by w.code limit 1
        """, new { entity = session.Entity, enrolment, pupil, most });

    sealed record Known(bool? Pupil, bool Service, bool School);
}

/// <summary>ISEE declarations of payers.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportIsee(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "isee").Run(
        file, ["protocollo", "pagante", "tipo", "presentata_il", "isee"], ["difforme"],
        row => new
        {
            Protocol = row.Text("protocollo", 60), Payer = row.Code("pagante"), Kind = row.Choice("tipo", "ordinario", "minorenni", "corrente"), FiledOn = row.Day("presentata_il"),
            Amount = row.Amount("isee"), Flawed = row.YesNo("difforme"),
        },
        isee => isee.Protocol,
        async (session, isee) =>
            await session.First<bool>("select exists (select from schoolfees.person where entity_id = @entity and person_id = @Payer)", new { entity = session.Entity, isee.Payer })
                ? Written.By(await session.First<bool?>(
                    """
                    insert into schoolfees.isee as known (entity_id, protocol, payer_id, kind, filed_on, amount_cents, flawed)
                    values (@entity, @Protocol, @Payer, @Kind, @FiledOn, @Amount, @Flawed)
                    on conflict (entity_id, protocol) do update set
                        payer_id = excluded.payer_id, kind = excluded.kind, filed_on = excluded.filed_on, amount_cents = excluded.amount_cents, flawed = excluded.flawed
                    where (known.payer_id, known.kind, known.filed_on, known.amount_cents, known.flawed)
                          is distinct from (excluded.payer_id, excluded.kind, excluded.filed_on, excluded.amount_cents, excluded.flawed)
                    returning xmax = 0
                    """, new { entity = session.Entity, isee.Protocol, isee.Payer, isee.Kind, isee.FiledOn, isee.Amount, isee.Flawed }))
                : Written.No($"Chi paga, {isee.Payer}, non c'è: carica prima gli alunni."),
        stop);
}

/// <summary>Who ate on which days: a line is a pupil's month, and replaces what was known of it.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportAttendance(ISessions sessions, ICommands commands) : IImport
{
    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        var report = await Load(file, stop);
        // After the last line and not with each: prices follow from all children of a household.
        await KeepWallets.All(commands, stop);
        return report;
    }

    Task<ImportReport> Load(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "attendance").Run(
        file, ["alunno", "servizio", "mese", "giorni"], [],
        row =>
        {
            var (pupil, service, month, numbers) = (row.Code("alunno"), row.Code("servizio", 20), row.Month("mese"), row.Numbers("giorni", 1, 31));
            if (row.Errors.Count == 0 && numbers.Any(day => day > DateTime.DaysInMonth(month.Year, month.Month)))
                row.Add("giorni", "Questo mese non ha tanti giorni.");
            return new { Pupil = pupil, Service = service, Month = month, Days = row.Errors.Count > 0 ? [] : numbers.Distinct().Select(day => month.AddDays(day - 1)).ToArray() };
        },
        line => $"{line.Pupil} {line.Service} {line.Month:O}",
        async (session, line) =>
        {
            var wrong = await session.First<DateOnly?>(
                """
                select d.day from unnest(@Days::date[]) as d (day)
                where not exists (
                    select from schoolfees.enrolment e
                    where e.entity_id = @entity and e.pupil_id = @Pupil and e.service_id = @Service and d.day between e.starts_on and coalesce(e.ends_on, d.day)
                      and extract(isodow from d.day) < 6
                      and exists (select from schoolfees.calendar c where c.entity_id = @entity and c.school_id = e.school_id and not c.closed and d.day between c.starts_on and c.ends_on)
                      and not exists (select from schoolfees.calendar c where c.entity_id = @entity and c.school_id = e.school_id and c.closed and d.day between c.starts_on and c.ends_on))
                order by d.day limit 1
                """, new { entity = session.Entity, line.Pupil, line.Service, line.Days });
            if (wrong is { } day)
                return Written.No($"{line.Pupil}: il {day:dd/MM/yyyy} non è un giorno di scuola, o l'alunno non era iscritto a {line.Service}.");
            var removed = await session.Execute(
                """
                delete from schoolfees.attendance
                where entity_id = @entity and pupil_id = @Pupil and service_id = @Service and day >= @Month and day < @next and not day = any(@Days::date[])
                """, new { entity = session.Entity, line.Pupil, line.Service, line.Month, next = line.Month.AddMonths(1), line.Days });
            var added = await session.Execute(
                """
                insert into schoolfees.attendance (entity_id, pupil_id, service_id, day)
                select @entity, @Pupil, @Service, d.day from unnest(@Days::date[]) as d (day)
                on conflict do nothing
                """, new { entity = session.Entity, line.Pupil, line.Service, line.Days });
            return Written.By(added == line.Days.Length && removed == 0 && added > 0 ? true : added + removed > 0 ? false : null);
        },
        stop);
}

/// <summary>Who pays a part of a pupil's bills besides the payer: parents who live apart, a grandparent. A share of 0 ends it.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportShares(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "shares").Run(
        file, ["alunno", "pagante", "cognome_pagante", "nome_pagante", "cf_pagante", "quota"], ["email_pagante"],
        row => new
        {
            Pupil = row.Code("alunno"), Payer = row.Code("pagante"), FamilyName = row.Text("cognome_pagante", 60), GivenName = row.Text("nome_pagante", 60), TaxCode = row.TaxCodeOf("cf_pagante"),
            Percent = row.Numbers("quota", 0, 99) is [var percent] ? percent : -1, Email = row.Has("email_pagante") ? row.Text("email_pagante", 254) : null,
        },
        share => $"{share.Pupil} {share.Payer}",
        async (session, share) =>
        {
            if (share.Percent < 0)
                return Written.No("Scrivi la quota come numero intero da 0 a 99: 40 è il 40 %, 0 la toglie.");
            // The pupil's row is the lock: two loads cannot share out more than there is.
            var payer = await session.First<string>("select payer_id from schoolfees.pupil where entity_id = @entity and pupil_id = @Pupil for update", new { entity = session.Entity, share.Pupil });
            if (payer is null || payer == share.Payer || share.Pupil == share.Payer)
                return Written.No(payer is null ? $"Non c'è l'alunno {share.Pupil}: caricalo prima." : "A chi paga già resta ciò che le altre quote lasciano: non ha una riga.");
            if (share.Percent == 0)
                return new(false, await session.Execute("delete from schoolfees.share where entity_id = @entity and pupil_id = @Pupil and payer_id = @Payer", new { entity = session.Entity, share.Pupil, share.Payer }) > 0, null);
            var others = await session.First<int>(
                "select coalesce(sum(percent), 0)::int from schoolfees.share where entity_id = @entity and pupil_id = @Pupil and payer_id <> @Payer", new { entity = session.Entity, share.Pupil, share.Payer });
            if (others + share.Percent > 99)
                return Written.No($"Le quote di {share.Pupil} oltre a questa fanno {others} %: insieme possono fare al massimo 99 %.");
            var changed = await session.Execute(
                """
                insert into schoolfees.person as known (entity_id, person_id, family_name, given_name, tax_code, email, born_on)
                values (@entity, @Payer, @FamilyName, @GivenName, @TaxCode, @Email, null)
                on conflict (entity_id, person_id) do update set
                    family_name = excluded.family_name, given_name = excluded.given_name, tax_code = excluded.tax_code, email = coalesce(excluded.email, known.email)
                where (known.family_name, known.given_name, known.tax_code, known.email)
                      is distinct from (excluded.family_name, excluded.given_name, excluded.tax_code, coalesce(excluded.email, known.email))
                """, new { entity = session.Entity, share.Payer, share.FamilyName, share.GivenName, share.TaxCode, share.Email });
            var inserted = await session.First<bool?>(
                """
                insert into schoolfees.share as known (entity_id, pupil_id, payer_id, percent) values (@entity, @Pupil, @Payer, @Percent)
                on conflict (entity_id, pupil_id, payer_id) do update set percent = excluded.percent where known.percent <> excluded.percent
                returning xmax = 0
                """, new { entity = session.Entity, share.Pupil, share.Payer, share.Percent });
            return Written.By(inserted ?? (changed > 0 ? false : null));
        },
        stop);
}

/// <summary>Who may see and pay a payer's bills in his place: the other parent, a grandparent, a guardian.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportDelegates(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "delegates").Run(
        file, ["pagante", "delegato", "cognome_delegato", "nome_delegato", "cf_delegato"], ["revocata"],
        row => new
        {
            Payer = row.Code("pagante"), Id = row.Code("delegato"), FamilyName = row.Text("cognome_delegato", 60), GivenName = row.Text("nome_delegato", 60), TaxCode = row.TaxCodeOf("cf_delegato"),
            Revoked = row.YesNo("revocata"),
        },
        line => $"{line.Payer} {line.Id}",
        async (session, line) =>
        {
            if (line.Payer == line.Id)
                return Written.No("Nessuno è delegato di sé stesso.");
            if (!await session.First<bool>("select exists (select from schoolfees.person where entity_id = @entity and person_id = @Payer)", new { entity = session.Entity, line.Payer }))
                return Written.No($"Chi paga, {line.Payer}, non c'è: carica prima gli alunni.");
            if (line.Revoked)
                return new(false, await session.Execute("delete from schoolfees.delegate where entity_id = @entity and payer_id = @Payer and delegate_id = @Id", new { entity = session.Entity, line.Payer, line.Id }) > 0, null);
            var changed = await session.Execute(
                """
                insert into schoolfees.person as known (entity_id, person_id, family_name, given_name, tax_code, email, born_on)
                values (@entity, @Id, @FamilyName, @GivenName, @TaxCode, null, null)
                on conflict (entity_id, person_id) do update set family_name = excluded.family_name, given_name = excluded.given_name, tax_code = excluded.tax_code
                where (known.family_name, known.given_name, known.tax_code) is distinct from (excluded.family_name, excluded.given_name, excluded.tax_code)
                """, new { entity = session.Entity, line.Id, line.FamilyName, line.GivenName, line.TaxCode });
            var inserted = await session.First<bool?>(
                "insert into schoolfees.delegate (entity_id, payer_id, delegate_id) values (@entity, @Payer, @Id) on conflict do nothing returning true", new { entity = session.Entity, line.Payer, line.Id });
            return Written.By(inserted ?? (changed > 0 ? false : null));
        },
        stop);
}
