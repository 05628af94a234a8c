using System.Globalization;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.SchoolFees.Imports;

namespace Services.SchoolFees.Tariffs;

/// <summary>Versions of tariffs. One that a bill was made by does not change any more: a new version begins another day.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportTariffs(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "tariffs").Run(
        file, ["tariffa", "servizio", "dal", "unita", "metodo", "massimo"],
        ["minimo", "fasce", "isee_minimo", "isee_massimo", "quota_fissa", "non_residenti", "esente_fino_a", "sconto_fratelli"],
        Read, tariff => tariff.Id, Write, stop);

    static Tariff Read(FileRow row)
    {
        var tariff = new Tariff(
            row.Code("tariffa"), row.Code("servizio", 20), row.Day("dal"), TariffRow.Units.GetValueOrDefault(row.Choice("unita", [.. TariffRow.Units.Keys])),
            TariffRow.Methods.GetValueOrDefault(row.Choice("metodo", [.. TariffRow.Methods.Keys])), [.. row.Pairs("fasce").Select(pair => new Band(pair.Limit, pair.Value))],
            row.OptionalAmount("minimo") ?? Euro.Zero, row.Amount("massimo"), row.OptionalAmount("isee_minimo") ?? Euro.Zero, row.OptionalAmount("isee_massimo") ?? Euro.Zero,
            row.OptionalAmount("quota_fissa") ?? Euro.Zero, row.OptionalAmount("non_residenti"), row.OptionalAmount("esente_fino_a"), row.Numbers("sconto_fratelli", 0, 100));
        if (row.Errors.Count == 0 && tariff.From.Day != 1)
            row.Add("dal", "Una tariffa comincia il primo giorno di un mese.");
        if (row.Errors.Count == 0 && Prices.Fault(tariff) is { } fault)
            row.Add(null, fault);
        return tariff;
    }

    static async Task<Written> Write(IEntitySession session, Tariff tariff)
    {
        // The service's row is the lock that an approval takes too.
        if (await session.First<bool?>("select prepaid_from is not null from schoolfees.service where entity_id = @entity and service_id = @Service for update", new { entity = session.Entity, tariff.Service }) is not { } prepaid)
            return Written.No($"Il servizio {tariff.Service} non c'è: carica prima i servizi.");
        if (prepaid && (tariff.Unit != TariffUnit.Meal || tariff.Fixed > Euro.Zero))
            return Written.No($"{tariff.Service} si paga con il borsellino: la tariffa è solo a pasto, senza quota fissa.");
        if (await session.First<string>(
                "select tariff_id from schoolfees.tariff where entity_id = @entity and service_id = @Service and valid_from = @From and tariff_id <> @Id",
                new { entity = session.Entity, tariff.Service, tariff.From, tariff.Id }) is { } other)
            return Written.No($"Dallo stesso giorno vale già la tariffa {other}.");
        var known = (await TariffRow.All(session, null)).FirstOrDefault(t => t.Id == tariff.Id);
        if (known is not null && TariffRow.Same(known, tariff))
            return default;
        if (known is not null && await session.First<bool>(
                """
                select exists (select from schoolfees.bill_line where entity_id = @entity and tariff_id = @Id)
                    or exists (select from schoolfees.credit_note_line where entity_id = @entity and tariff_id = @Id)
                    or exists (select from schoolfees.wallet_line where entity_id = @entity and tariff_id = @Id)
                """, new { entity = session.Entity, tariff.Id }))
            return Written.No($"Con la tariffa {tariff.Id} sono già state fatte bollette o tolti pasti: non cambia più. Carica una nuova tariffa con un'altra data.");
        await session.Execute(
            """
            insert into schoolfees.tariff (
                entity_id, tariff_id, service_id, valid_from, unit, method, band_tops, band_values, minimum_cents, maximum_cents, isee_from_cents, isee_to_cents, fixed_cents,
                non_resident_cents, exempt_to_cents, siblings)
            values (@entity, @Id, @Service, @From, @unit, @method, @tops, @values, @Minimum, @Maximum, @IseeFrom, @IseeTo, @Fixed, @elsewhere::bigint, @exempt::bigint, @siblings)
            on conflict (entity_id, tariff_id) do update set
                service_id = excluded.service_id, valid_from = excluded.valid_from, unit = excluded.unit, method = excluded.method, band_tops = excluded.band_tops,
                band_values = excluded.band_values, minimum_cents = excluded.minimum_cents, maximum_cents = excluded.maximum_cents, isee_from_cents = excluded.isee_from_cents,
                isee_to_cents = excluded.isee_to_cents, fixed_cents = excluded.fixed_cents, non_resident_cents = excluded.non_resident_cents,
                exempt_to_cents = excluded.exempt_to_cents, siblings = excluded.siblings
            """,
            new
            {
                entity = session.Entity, tariff.Id, tariff.Service, tariff.From, unit = TariffRow.Name(tariff.Unit), method = TariffRow.Name(tariff.Method),
                tops = tariff.Bands.Select(band => band.UpTo.Cents).ToArray(), values = tariff.Bands.Select(band => band.Value.Cents).ToArray(), tariff.Minimum, tariff.Maximum,
                tariff.IseeFrom, tariff.IseeTo, tariff.Fixed, elsewhere = tariff.NonResident?.Cents, exempt = tariff.ExemptTo?.Cents, siblings = tariff.Siblings.ToArray(),
            });
        return Written.By(known is null);
    }
}

/// <summary>A tariff as its table holds it.</summary>
internal sealed record TariffRow(
    string Id, string Service, DateOnly From, string Unit, string Method, string Tops, string Values, Euro Minimum, Euro Maximum, Euro IseeFrom, Euro IseeTo, Euro Fixed,
    long? NonResident, long? ExemptTo, string Siblings)
{
    public static readonly IReadOnlyDictionary<string, TariffUnit> Units = new Dictionary<string, TariffUnit>(StringComparer.Ordinal)
    {
        ["pasto"] = TariffUnit.Meal, ["mese"] = TariffUnit.Month, ["trimestre"] = TariffUnit.Quarter, ["anno"] = TariffUnit.Year,
    };

    public static readonly IReadOnlyDictionary<string, TariffMethod> Methods = new Dictionary<string, TariffMethod>(StringComparer.Ordinal)
    {
        ["unica"] = TariffMethod.Flat, ["fasce"] = TariffMethod.Bands, ["lineare"] = TariffMethod.Linear, ["progressiva"] = TariffMethod.Progressive,
    };

    public static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    public static bool Same(Tariff a, Tariff b) =>
        Plain(a) == Plain(b) && a.Bands.SequenceEqual(b.Bands) && a.Siblings.SequenceEqual(b.Siblings);

    public static async Task<IReadOnlyList<Tariff>> All(IEntitySession session, string? service) =>
    [
        .. (await session.List<TariffRow>(
            """
            select tariff_id as id, service_id as service, valid_from as "from", unit, method, array_to_string(band_tops, ' ') as tops, array_to_string(band_values, ' ') as values, minimum_cents as minimum, maximum_cents as maximum,
                   isee_from_cents as iseeFrom, isee_to_cents as iseeTo, fixed_cents as fixed, non_resident_cents as nonResident, exempt_to_cents as exemptTo,
                   array_to_string(siblings, ' ') as siblings
            from schoolfees.tariff
            where entity_id = @entity and (@service::text is null or service_id = @service)
            order by service_id, valid_from
            """, new { entity = session.Entity, service })).Select(row => row.Read()),
    ];

    static (string, string, DateOnly, TariffUnit, TariffMethod, Euro, Euro, Euro, Euro, Euro, Euro?, Euro?) Plain(Tariff t) =>
        (t.Id, t.Service, t.From, t.Unit, t.Method, t.Minimum, t.Maximum, t.IseeFrom, t.IseeTo, t.Fixed, t.NonResident, t.ExemptTo);

    Tariff Read() => new(
        Id, Service, From, Enum.Parse<TariffUnit>(Unit, ignoreCase: true), Enum.Parse<TariffMethod>(Method, ignoreCase: true),
        [.. Whole(Tops).Zip(Whole(Values), (top, value) => new Band(new(top), new(value)))], Minimum, Maximum, IseeFrom, IseeTo, Fixed,
        NonResident is { } elsewhere ? new Euro(elsewhere) : null, ExemptTo is { } exempt ? new Euro(exempt) : null, [.. Whole(Siblings).Select(percent => (int)percent)]);

    // A row maps to a record's constructor by its columns' types, and arrays have none there.
    static IEnumerable<long> Whole(string numbers) => numbers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => long.Parse(number, CultureInfo.InvariantCulture));
}
