using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;
using Npgsql;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Payments.Office.Search;
using Platform.Testing;

namespace Platform.Payments.Tests.Office;

/// <summary>
/// Payments in any number, as owner, past the product: nine of ten are the union's, one every seven seconds, each with its tokens, every third with a debtor and a
/// payer. All of them stand in batches of the gateway and in payouts of 2,000. The newest is the one with the highest number.
/// </summary>
internal static partial class ManyPayments
{
    public const string Creditor = "URG";
    public static readonly DateTimeOffset First = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    static readonly string[] Given = ["MARIA", "ANNA", "GIULIA", "LUCA", "MARCO", "PAOLO", "ELENA", "ALI", "CHEN", "IOANA"];

    public static string Order(int n)
    {
        var digits = n.ToString("0000000000000", CultureInfo.InvariantCulture);
        var (sum, weight) = (0, 2);
        foreach (var letter in Creditor + digits)
            sum += weight++ * (letter <= '9' ? letter - '0' : letter - 'A' + 10);
        return $"{Creditor}-{digits}-{sum % 11 % 10}";
    }

    public static string Reference(int n) => string.Create(CultureInfo.InvariantCulture, $"V/2026/{n}");

    public static string Email(int n) => string.Create(CultureInfo.InvariantCulture, $"persona{n}@example.it");

    /// <summary>Ten given names, and a family name for every thousand payments.</summary>
    public static string Name(int n) => $"{Given[n / 3 % 10]} {Family(n)}";

    // Letters only, as names are: the number in the letters A to J.
    static string Family(int n) => "X" + string.Concat((n / 1000).ToString(CultureInfo.InvariantCulture).Select(digit => (char)('A' + digit - '0')));

    public static async Task Grow(TestDatabase database, int from, int to)
    {
        await Run(database, """
            insert into payments.search_key (entity_id, key) select entity_id, sha256(code::bytea) from core.entity on conflict do nothing;
            create or replace function payments.test_id(kind int, n int) returns uuid language sql immutable as $$ select ('0197a000-0000-7000-8' || lpad(kind::text, 3, '0') || '-' || lpad(to_hex(n), 12, '0'))::uuid $$
            """);
        await Run(database,
            """
            create temp table many as
            select n, e.entity_id, payments.test_id(1, n) as payment_id, payments.test_id(2, n) as subject_id, @First + n * interval '7 seconds' as at,
                   case when n % 10 = 9 then 'MZB' else 'URG' end as code, lpad(n::text, 13, '0') as digits,
                   case when n % 50 = 0 then 'failed' when n % 997 = 0 then 'reversed' when n % 1000 = 1 then 'expired' else 'paid' end as state, case when n % 4 = 0 then 'schoolfees' else 'fines' end as service,
                   2000 + n % 5000 as cents, (array['MARIA', 'ANNA', 'GIULIA', 'LUCA', 'MARCO', 'PAOLO', 'ELENA', 'ALI', 'CHEN', 'IOANA'])[n / 3 % 10 + 1] as given,
                   'X' || translate((n / 1000)::text, '0123456789', 'ABCDEFGHIJ') as family
              from generate_series(@from, @to - 1) n join core.entity e on e.code = case when n % 10 = 9 then 'MZB' else 'URG' end;

            insert into payments.subject (entity_id, subject_id, email, name)
            select entity_id, subject_id, 'persona' || n || '@example.it', given || ' ' || family from many where n % 3 = 0;

            insert into payments.payment (entity_id, payment_id, agreement_id, order_no, status_code, service, shown_by, return_page, language, state, asked_cents, taken_cents, taken_confirmed_at,
                                          quote_until, created_at, paid_at, payer_id, title)
            select m.entity_id, m.payment_id, (select agreement_id from payments.agreement order by 1 limit 1), m.code || '-' || m.digits || '-' || d.digit, m.code || '-' || md5(n::text), m.service, m.entity_id,
                   'x', 'it', m.state, m.cents, case when m.state in ('paid', 'reversed') then m.cents + case when n % 2000 = 2 then 100 else 0 end end, case when m.state in ('paid', 'reversed') then m.at end,
                   m.at + interval '1 hour', m.at, case when m.state in ('paid', 'reversed') then m.at + interval '1 minute' end, case when n % 3 = 0 then m.subject_id end, 'Verbale V/2026/' || n
              from many m
              cross join lateral (select sum((2 + i - 1) * case when c <= '9' then ascii(c) - 48 else ascii(c) - 55 end) % 11 % 10 as digit
                                    from (select i, substr(m.code || m.digits, i, 1) as c from generate_series(1, 16) i) s) d;

            insert into payments.search_token (entity_id, token, at, payment_id, subject_id)
            select m.entity_id, payments.search_digest(k.key, w.word), m.at, m.payment_id, w.subject_id
              from many m join payments.search_key k on k.entity_id = m.entity_id
              cross join lateral (
                  select 'r:V2026' || n, null::uuid union all select 'r:' || n, null
                  union all select x.word, m.subject_id from (values ('e:persona' || n || '@example.it'), ('n:' || given), ('n:' || family), ('m:' || given || ' ' || family)) as x (word) where n % 3 = 0) as w (word, subject_id);

            insert into payments.settlement_batch (entity_id, batch, batch_id, agreement_id, digest, file_name, value_on, lines, net_cents, fee_cents, imported_at)
            select 0, 'BATCH-' || n / 2000, gen_random_uuid(), (select agreement_id from payments.agreement order by 1 limit 1), ''::bytea, 'x', date '2026-01-01', 2000, 1, 0, now() from many group by n / 2000 on conflict do nothing;

            insert into payments.settlement_line (entity_id, batch, line, kind, order_no, gross_cents, fee_cents, taken_on)
            select 0, 'BATCH-' || m.n / 2000, m.n % 2000 + 1, 'payment', p.order_no, m.cents, 0, date '2026-01-01'
              from many m join payments.payment p on p.entity_id = m.entity_id and p.payment_id = m.payment_id;

            drop table many;
            """,
            new { from, to, First });
        await Run(database, "vacuum (analyze) payments.payment; vacuum (analyze) payments.search_token; vacuum (analyze) payments.settlement_line; vacuum (analyze) payments.subject; analyze payments.search_key");
    }

    /// <summary>What an officer may ask among <paramref name="count"/> payments: a name for it, and the question.</summary>
    public static IEnumerable<(string What, FindPayments Question)> Questions(int count)
    {
        var n = count / 2 / 30 * 30;
        var middle = new PaymentPlace(First.AddSeconds(7 * n), new Guid("ffffffff-ffff-7fff-8fff-ffffffffffff"));
        yield return ("the newest", new(new()));
        yield return ("further on", new(new(), middle));
        yield return ("back", new(new(), middle, Newer: true));
        yield return ("order number", new(new(Text: Order(n + 1))));
        yield return ("notice", new(new(Text: Reference(n))));
        yield return ("its last part", new(new(Text: n.ToString(CultureInfo.InvariantCulture))));
        yield return ("e-mail", new(new(Text: Email(n))));
        yield return ("one frequent name", new(new(Text: "Maria")));
        yield return ("one frequent name, back", new(new(Text: "Maria"), middle, Newer: true));
        yield return ("full name", new(new(Text: Name(n))));
        yield return ("three names, one of nobody", new(new(Text: $"{Name(n)} Nessuno")));
        yield return ("a name and a rare state", new(new(Text: "Maria", State: "reversed")));
        yield return ("amount", new(new(Amount: new Euro(4200))));
        yield return ("amount of a day", new(new(Amount: new Euro(4200), From: Day(n), To: Day(n))));
        yield return ("amount and a state it never has", new(new(Amount: new Euro(2001), State: "failed")));
        yield return ("state", new(new(State: "failed")));
        yield return ("state and service that never meet", new(new(State: "unknown", Service: "fines")));
        yield return ("service and state, both frequent", new(new(State: "paid", Service: "schoolfees")));
        yield return ("service", new(new(Service: "schoolfees"), middle));
        yield return ("a day", new(new(From: Day(n), To: Day(n))));
        yield return ("a day and a rare state", new(new(State: "reversed", From: Day(n), To: Day(n))));
    }

    static DateOnly Day(int n) => DateOnly.FromDateTime(First.AddSeconds(7 * n).UtcDateTime);

    /// <summary>What PostgreSQL reads for a question under the module's role with row-level security, both with the values known and as a prepared plan; the worse of both.</summary>
    public static async Task<(long Buffers, string Plan)> Explain(TestDatabase database, FindPayments question)
    {
        var entity = await database.Value<int>("select entity_id from core.entity where code = @Creditor", new { Creditor });
        var (sql, arguments) = PaymentQueries.Statement(new EntityId(entity), question);
        var values = arguments.GetType().GetProperties().ToDictionary(property => property.Name, property => property.GetValue(arguments), StringComparer.Ordinal);
        var names = Parameter().Matches(sql).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal).ToList();
        var prepared = Parameter().Replace(sql, match => $"${names.IndexOf(match.Groups["name"].Value) + 1}");
        var worst = (Buffers: 0L, Plan: "");
        await using var connection = new NpgsqlConnection(database.Owner);
        await connection.OpenAsync();
        await connection.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"set role portico_payments; set portico.entity = '{entity}'; set jit = off"));
        await connection.ExecuteAsync($"prepare look ({string.Join(", ", names.Select(name => Types[name]))}) as {prepared}");
        foreach (var mode in (string[])["force_custom_plan", "force_generic_plan"])
        {
            var explained = (await connection.ExecuteScalarAsync<string>(
                $"set plan_cache_mode = {mode}; explain (analyze, buffers, format json) execute look ({string.Join(", ", names.Select(name => Literal(values[name])))})"))!;
            using var answer = JsonDocument.Parse(explained);
            var plan = answer.RootElement[0].GetProperty("Plan");
            var buffers = plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();
            if (buffers > worst.Buffers || (explained.Contains("Seq Scan", StringComparison.Ordinal) && explained.Contains("\"payment\"", StringComparison.Ordinal)))
                worst = (buffers, explained);
        }
        await connection.ExecuteAsync("deallocate look; reset role; reset portico.entity; reset plan_cache_mode; reset jit");
        return worst;
    }

    /// <summary>The tables that a plan reads from one end to the other.</summary>
    public static IEnumerable<string> ReadWhole(string plan) => SeqScan().Matches(plan).Select(match => match.Groups["name"].Value);

    static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["entity"] = "int", ["order"] = "text", ["State"] = "text", ["Service"] = "text", ["cents"] = "bigint", ["from"] = "timestamptz", ["until"] = "timestamptz", ["at"] = "timestamptz", ["id"] = "uuid",
        ["word"] = "text", ["others"] = "text[]", ["look"] = "int",
    };

    static string Literal(object? value) => value switch
    {
        null => "null",
        EntityId id => id.Value.ToString(CultureInfo.InvariantCulture),
        DateTimeOffset at => $"'{at:O}'",
        string[] words => $"array[{string.Join(", ", words.Select(word => $"'{word}'"))}]::text[]",
        int or long => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => $"'{value}'",
    };

    [GeneratedRegex(@"(?<!:)@(?<name>\w+)", RegexOptions.None, 1000)]
    private static partial Regex Parameter();

    [GeneratedRegex("\"Seq Scan\"[^}]*?\"Relation Name\": \"(?<name>\\w+)\"", RegexOptions.Singleline, 1000)]
    private static partial Regex SeqScan();

    static async Task Run(TestDatabase database, string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(database.Owner);
        await connection.OpenAsync();
        foreach (var statement in sql.StartsWith("vacuum", StringComparison.Ordinal) ? sql.Split("; ") : [sql])
            await connection.ExecuteAsync(statement, args, commandTimeout: 0);
    }
}
