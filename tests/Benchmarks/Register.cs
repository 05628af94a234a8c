using System.Globalization;
using Dapper;
using Npgsql;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>A fine that can be paid: half of what its paper says, and to whom.</summary>
internal sealed record PayableFine(string Creditor, string ShownBy, string Slug, int Number)
{
    /// <summary>In a series of their own, so that no other measurement touches them.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"P/2026/{Number}");

    public static readonly DateOnly Seen = new(2026, 2, 20);
    public const string Plate = "AB123CD";
}

/// <summary>Fills a register as owner, past the product: what is measured is reading it and paying from it.</summary>
internal static class Register
{
    static readonly (string Creditor, string ShownBy, string Slug)[] Creditors =
    [
        ("URG", "BEN", "bentivoglio"), ("SLS", "SLS", "san-lazzaro-di-savena"), ("CTN", "CTN", "castenaso"), ("MZB", "MZB", "marzabotto"), ("VRG", "VRG", "vergato"),
    ];

    /// <summary>Fines for payments, in turn of all creditors.</summary>
    public static async Task<IReadOnlyList<PayableFine>> Payable(TestDatabase database, int from, int count)
    {
        var fines = Enumerable.Range(from, count).Select(n => (n, Creditors[n % Creditors.Length])).Select(f => new PayableFine(f.Item2.Creditor, f.Item2.ShownBy, f.Item2.Slug, f.n)).ToList();
        await Run(database,
            """
            insert into fines.fine (entity_id, fine_id, series, year, number, municipality, place, article, description, violated_on, plate, min_cents, max_cents, costs_cents,
                                    discount_excluded, contested_at_once, notified_on, imported_at, changed_at)
            select e.entity_id, gen_random_uuid(), 'P', 2026, f.number, '037005', 'Via della Misura 1', 'art. 158 c. 2', 'Sosta vietata', @seen, @plate,
                   4200 + f.number % 100, 16800, 200, false, false, date '2026-03-09', timestamptz '2026-03-09', timestamptz '2026-03-09'
              from unnest(@creditors, @numbers) as f (creditor, number)
              join core.entity e on e.code = f.creditor
            """,
            new { seen = PayableFine.Seen, plate = PayableFine.Plate, creditors = fines.Select(f => f.Creditor).ToArray(), numbers = fines.Select(f => f.Number).ToArray() });
        return fines;
    }

    /// <summary>
    /// Brings the register to this size: half of the fines are the union's, the rest is spread over four municipalities; ten years, numbers without gaps.
    /// Names and ids follow from the running number, ids growing as they do in use.
    /// </summary>
    public static async Task Grow(TestDatabase database, int from, int to)
    {
        await Run(database,
            """
            insert into fines.fine (entity_id, fine_id, series, year, number, municipality, place, article, description, violated_on, plate, min_cents, max_cents, costs_cents,
                                    discount_excluded, contested_at_once, notified_on, imported_at, changed_at)
            select e.entity_id, ('0197a000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'V', 2017 + n / 10 % 10, n / 100 * 10 + n % 10 + 1, '037005',
                   'Via ' || n % 997 || ' ' || n % 89, 'art. 158 c. 2', 'Sosta vietata', make_date(2017 + n / 10 % 10, 1 + n % 12, 1 + n % 28), 'AB' || lpad((n % 100000)::text, 5, '0'),
                   4200, 16800, 1580, false, n % 3 = 0, case when n % 3 > 0 then make_date(2017 + n / 10 % 10, 1 + n % 12, 1 + n % 28) + 30 end, timestamptz '2026-03-09', timestamptz '2026-03-09'
              from generate_series(@from, @to - 1) n
              join core.entity e on e.code = (array['URG', 'URG', 'URG', 'URG', 'URG', 'SLS', 'SLS', 'CTN', 'MZB', 'VRG'])[n % 10 + 1]
            """,
            new { from, to });
        await Run(database, "vacuum (analyze) fines.fine");
    }

    /// <summary>The fine with this running number: its creditor, year, number, day and plate.</summary>
    public static (string Creditor, int Year, int Number, DateOnly Seen, string Plate) At(int n) => (
        (n % 10) switch { < 5 => "URG", < 7 => "SLS", 7 => "CTN", 8 => "MZB", _ => "VRG" },
        2017 + n / 10 % 10, n / 100 * 10 + n % 10 + 1, new(2017 + n / 10 % 10, 1 + n % 12, 1 + n % 28), string.Create(CultureInfo.InvariantCulture, $"AB{n % 100000:00000}"));

    /// <summary>As owner, for as long as it takes.</summary>
    public static async Task Run(TestDatabase database, string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(database.Owner);
        await connection.ExecuteAsync(sql, args, commandTimeout: 0);
    }

    /// <summary>The same rows of one table in another database.</summary>
    public static async Task Copy(TestDatabase from, TestDatabase to, string table, string where = "true")
    {
        await using var source = new NpgsqlConnection(from.Owner);
        await using var target = new NpgsqlConnection(to.Owner);
        await source.OpenAsync();
        await target.OpenAsync();
        using var rows = await source.BeginTextExportAsync($"copy (select * from {table} where {where}) to stdout");
        await using var into = await target.BeginTextImportAsync($"copy {table} from stdin");
        await into.WriteAsync(await rows.ReadToEndAsync());
    }
}
