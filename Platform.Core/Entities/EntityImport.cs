using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CsvHelper;
using Npgsql;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Platform.Core.Entities;

/// <summary>Loads entities and what they offer from a CSV file by header name. All or nothing; the same file again changes nothing.</summary>
/// <remarks>
/// Columns: <c>id; codice; slug; nome; tipo; istat; codice_fiscale; colore; sito; indirizzo; telefono; email; pec; servizi; host</c>.
/// <c>servizi</c> lists what the entity offers, separated by blanks: <c>fines</c> (it is creditor itself), <c>fines@URG</c> (the entity with that code is),
/// <c>suap!</c> (announced, not yet offered). What the file does not list for an entity is withdrawn from it. <c>host</c> lists its host names, separated by
/// blanks; a file without that column leaves them as they are.
/// </remarks>
internal sealed partial class EntityImport(Database database, TimeProvider clock)
{
    static readonly string[] Required = ["id", "codice", "slug", "nome", "tipo", "codice_fiscale"];
    static readonly string[] ReservedSlugs = ["pagamenti", "verifica", "portico", "health", "api", "console", "centro", "accesso", "privacy", "accessibilita", "contatti", "metrics"];

    /// <param name="onlyNew">Refuses entities that are there already, in place of changing them.</param>
    /// <exception cref="FormatException">The database refused a line, so that nothing was loaded.</exception>
    public async Task<ImportReport> Run(Stream file, CancellationToken stop, string who = "entity import", bool onlyNew = false)
    {
        var errors = new List<ImportError>();
        var rows = Read(file, errors);
        if (errors.Count > 0)
            return new(rows.Count, 0, 0, 0, errors);
        return await database.Run(
            ModuleRoles.Of("core"), EntityId.Centre, who, clock,
            async session =>
            {
                var now = clock.GetUtcNow();
                var (added, changed) = (0, 0);
                foreach (var row in rows)
                {
                    try
                    {
                        var outcome = await session.First<string>(Upsert, row.Values(now)) ?? "same";
                        if (onlyNew && outcome != "added")
                            throw new FormatException($"riga {row.Line}: id: un ente con questo numero c'è già.");
                        added += outcome == "added" ? 1 : 0;
                        changed += outcome == "changed" ? 1 : 0;
                    }
                    catch (PostgresException wrong)
                    {
                        throw new FormatException($"riga {row.Line}: {wrong.MessageText} ({wrong.ConstraintName}).", wrong);
                    }
                }
                // All away before any comes: a name may move from one entity to another.
                foreach (var row in rows.Where(row => row.Hosts is not null))
                    await session.Execute("delete from core.host_name where entity_id = @id and host <> all(@hosts)", new { id = row.Id, hosts = row.Hosts!.ToArray() });
                foreach (var row in rows.Where(row => row.Hosts is not null))
                    foreach (var host in row.Hosts!)
                        if (await session.First<int?>(UpsertHost, new { id = row.Id, host }) != row.Id)
                            throw new FormatException($"riga {row.Line}: host: {host} è già di un altro ente.");
                foreach (var row in rows)
                {
                    await session.Execute(
                        "delete from core.activation where entity_id = @id and service <> all(@services)",
                        new { id = row.Id, services = row.Offers.Select(offer => offer.Service).ToArray() });
                    foreach (var offer in row.Offers)
                        if (await session.Execute(UpsertActivation, new { id = row.Id, offer.Service, creditor = offer.Creditor ?? row.Code, state = offer.Announced ? "announced" : "active", now = clock.GetUtcNow() }) == 0)
                            throw new FormatException($"riga {row.Line}: servizi: nessun ente ha il codice \"{offer.Creditor}\".");
                }
                session.Record("entities.imported", new { read = rows.Count, added, changed });
                return new ImportReport(rows.Count, added, changed, rows.Count - added - changed, []);
            },
            stop);
    }

    static List<Row> Read(Stream file, List<ImportError> errors)
    {
        using var reader = new StreamReader(file, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
        var rows = new List<Row>();
        var heading = reader.ReadLine();
        if (string.IsNullOrWhiteSpace(heading))
        {
            errors.Add(new(1, null, null, "Il file è vuoto: manca la riga con i nomi delle colonne."));
            return rows;
        }
        var separator = heading.Count(c => c == ';') >= heading.Count(c => c == ',') ? ';' : ',';
        var header = heading.Split(separator).Select(name => name.Trim().Trim('"').ToLowerInvariant()).ToArray();
        foreach (var missing in Required.Where(name => !header.Contains(name)))
            errors.Add(new(1, missing, null, $"Manca la colonna \"{missing}\". Servono: {string.Join(", ", Required)}."));
        if (errors.Count > 0)
            return rows;

        using var csv = CsvReader.Create(reader, new CsvReaderOptions
        {
            Separator = separator,
            HasHeader = false,
            TrackLineNumbers = true,
            TrimWhitespace = true,
            MaxRecordSize = 64 * 1024,
        }, leaveOpen: true);
        while (csv.Read())
        {
            var line = checked((int)csv.LineNumber + 1);
            if (csv.FieldCount != header.Length)
            {
                errors.Add(new(line, null, null, $"La riga ha {csv.FieldCount} colonne e l'intestazione {header.Length}."));
                continue;
            }
            string Field(string name) => Array.IndexOf(header, name) is >= 0 and var place ? csv.GetString(place).Trim() : "";
            string? Optional(string name) => Field(name) is { Length: > 0 } value ? value : null;
            void Wrong(string field, string message) => errors.Add(new(line, field, Field(field) is var value && value.Length > 60 ? value[..60] : value, message));

            if (!int.TryParse(Field("id"), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                Wrong("id", "Serve un numero intero, per esempio il codice ISTAT.");
            if (!CodePattern().IsMatch(Field("codice")))
                Wrong("codice", "Servono tre lettere maiuscole o cifre, per esempio MZB.");
            if (!SlugPattern().IsMatch(Field("slug")) || ReservedSlugs.Contains(Field("slug")))
                Wrong("slug", "Servono lettere minuscole, cifre e trattini, per esempio castel-maggiore, e non un indirizzo di Portico.");
            if (Field("nome").Length is 0 or > 120)
                Wrong("nome", "Servono da 1 a 120 caratteri.");
            if (Field("tipo") is not ("centre" or "municipality" or "union" or "province"))
                Wrong("tipo", "Serve uno tra municipality, union, province e centre.");
            if (Field("istat").Length > 0 && !IstatPattern().IsMatch(Field("istat")))
                Wrong("istat", "Servono sei cifre, per esempio 037036.");
            if (!EntityTaxCode.IsValid(Field("codice_fiscale")))
                Wrong("codice_fiscale", "Servono undici cifre con il carattere di controllo giusto.");
            var colour = Optional("colore")?.ToLowerInvariant() ?? "#0066cc";
            if (!ColourPattern().IsMatch(colour))
                Wrong("colore", "Serve un colore come #7a1f1f.");
            var offers = new List<Offer>();
            foreach (var text in Field("servizi").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (OfferPattern().Match(text) is { Success: true } match)
                    offers.Add(new(match.Groups["service"].Value, match.Groups["creditor"] is { Success: true } creditor ? creditor.Value : null, match.Groups["announced"].Success));
                else
                    Wrong("servizi", "Servono voci come fines, fines@URG oppure suap!, separate da spazi.");
            }
            IReadOnlyList<string>? hosts = header.Contains("host") ? [.. Field("host").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(HostNames.Plain)] : null;
            if (hosts?.Any(host => !EntityDecisions.IsHostName(host)) == true)
                Wrong("host", "Servono nomi come servizi.comune.example, separati da spazi, senza https:// e senza porta.");
            rows.Add(new(line, id, Field("codice"), Field("slug"), Field("nome"), Field("tipo"), Optional("istat"), Field("codice_fiscale"), colour,
                Optional("sito"), Optional("indirizzo"), Optional("telefono"), Optional("email"), Optional("pec"), offers, hosts));
        }
        foreach (var (field, value) in new (string, Func<Row, string?>)[] { ("id", row => row.Id.ToString(CultureInfo.InvariantCulture)), ("codice", row => row.Code), ("slug", row => row.Slug), ("istat", row => row.Istat) })
            foreach (var twice in rows.Where(row => value(row) is not null).GroupBy(value, StringComparer.Ordinal).SelectMany(same => same.Skip(1)))
                errors.Add(new(twice.Line, field, value(twice), "Sta già in una riga precedente."));
        foreach (var twice in rows.SelectMany(row => (row.Hosts ?? []).Select(host => (row.Line, host))).GroupBy(named => named.host, StringComparer.Ordinal).SelectMany(same => same.Skip(1)))
            errors.Add(new(twice.Line, "host", twice.host, "Sta già in una riga precedente."));
        return rows;
    }

    const string Upsert =
        """
        insert into core.entity as e (entity_id, code, slug, name, kind, istat_code, tax_code, colour, website, address, phone, email, pec, changed_at)
        values (@id, @code, @slug, @name, @kind, @istat, @taxCode, @colour, @website, @address, @phone, @email, @pec, @now)
        on conflict (entity_id) do update
           set slug = excluded.slug, name = excluded.name, kind = excluded.kind, istat_code = excluded.istat_code, tax_code = excluded.tax_code,
               colour = excluded.colour, website = excluded.website, address = excluded.address, phone = excluded.phone, email = excluded.email, pec = excluded.pec,
               code = excluded.code, changed_at = excluded.changed_at
         where (e.code, e.slug, e.name, e.kind, e.istat_code, e.tax_code, e.colour, e.website, e.address, e.phone, e.email, e.pec)
               is distinct from
               (excluded.code, excluded.slug, excluded.name, excluded.kind, excluded.istat_code, excluded.tax_code, excluded.colour, excluded.website, excluded.address,
                excluded.phone, excluded.email, excluded.pec)
        returning case when xmax = 0 then 'added' else 'changed' end
        """;

    const string UpsertHost =
        """
        insert into core.host_name as h (host, entity_id) values (@host, @id)
        on conflict (host) do update set entity_id = h.entity_id
        returning h.entity_id
        """;

    const string UpsertActivation =
        """
        insert into core.activation (entity_id, service, creditor_id, state)
        select @id, @service, c.entity_id, @state from core.entity c where c.code = @creditor
        on conflict (entity_id, service) do update set creditor_id = excluded.creditor_id, state = excluded.state,
               suspended_at = case when excluded.state = 'active' then null when core.activation.state = 'active' then @now else core.activation.suspended_at end
        """;

    [GeneratedRegex("^[0-9A-Z]{3}$", RegexOptions.None, 1000)]
    private static partial Regex CodePattern();

    [GeneratedRegex("^[a-z][a-z0-9-]{1,60}$", RegexOptions.None, 1000)]
    private static partial Regex SlugPattern();

    [GeneratedRegex("^[0-9]{6}$", RegexOptions.None, 1000)]
    private static partial Regex IstatPattern();

    [GeneratedRegex("^#[0-9a-f]{6}$", RegexOptions.None, 1000)]
    private static partial Regex ColourPattern();

    [GeneratedRegex("^(?<service>[a-z][a-z0-9]{1,19})(@(?<creditor>[0-9A-Z]{3}))?(?<announced>!)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OfferPattern();

    sealed record Offer(string Service, string? Creditor, bool Announced);

    sealed record Row(
        int Line, int Id, string Code, string Slug, string Name, string Kind, string? Istat, string TaxCode, string Colour,
        string? Website, string? Address, string? Phone, string? Email, string? Pec, IReadOnlyList<Offer> Offers, IReadOnlyList<string>? Hosts)
    {
        public object Values(DateTimeOffset now) => new
        {
            id = Id, code = Code, slug = Slug, name = Name, kind = Kind, istat = Istat, taxCode = TaxCode, colour = Colour,
            website = Website, address = Address, phone = Phone, email = Email, pec = Pec, now,
        };
    }
}

/// <summary>The tax code of a body: eleven digits, the last of which checks the others (the algorithm of the VAT number, DM 23/12/1976).</summary>
public static class EntityTaxCode
{
    /// <summary>Whether <paramref name="code"/> has eleven digits and the right check digit.</summary>
    public static bool IsValid(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (code.Length != 11 || !code.All(char.IsAsciiDigit))
            return false;
        var sum = 0;
        for (var i = 0; i < 11; i++)
        {
            var digit = code[i] - '0';
            if (i % 2 == 1)
                digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
            sum += digit;
        }
        return sum % 10 == 0;
    }
}
