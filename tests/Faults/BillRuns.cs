using System.Diagnostics;
using System.Globalization;
using System.Text;
using Platform.Testing;

namespace Portico.Faults;

/// <param name="Bills">Of one run, one for each pupil.</param>
/// <param name="Seed">Chooses when the program is killed: once around the run's approval, then while positions are opened.</param>
internal sealed record BillPlan(int Bills, int Kills, int Seed);

/// <summary>What was found when the last one had ended by itself, counted by the owner of the database.</summary>
/// <param name="KilledAt">How many positions were open at each kill.</param>
/// <param name="Doubled">Pupils with two bills of the month, bills with two positions, letters about one bill.</param>
/// <param name="Missing">Pupils without a bill, bills without an open position, payers with an address and without a letter.</param>
internal sealed record BillsFound(
    int Bills, IReadOnlyList<int> KilledAt, long Doubled, long Missing, long RunCents, long BillCents, long LineCents, long PositionCents, long PaidCents, long BookCents, string Money, double Seconds)
{
    public bool Clean => Doubled == 0 && Missing == 0 && RunCents == BillCents && BillCents == LineCents && LineCents == PositionCents && PaidCents == BookCents && PaidCents > 0 && Money.Length == 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        | | |
        |---|---:|
        | bills | {Bills} |
        | `kill -9` of the program, with so many positions open | {string.Join(", ", KilledAt)} |
        | **doubled** | {Doubled} |
        | **missing** | {Missing} |
        | cents of the run | {RunCents} |
        | cents of its bills | {BillCents} |
        | cents of their lines | {LineCents} |
        | cents of the open positions | {PositionCents} |
        | cents of the bills that were then paid | {PaidCents} |
        | cents of them in the books | {BookCents} |
        | `portico check money` | {(Money.Length == 0 ? "nothing" : Money)} |
        | seconds, kills and all | {Seconds:0.0} |
        """);
}

/// <summary>A month is billed by the command line, which is killed at random and started again with the same file, as an officer would; then some of the bills are paid.</summary>
internal sealed class BillRuns(World world, BillPlan plan, Action<string> tell) : IAsyncDisposable
{
    const string Payer = "RSSMRA80A01A944I";
    const int PaidThen = 3;

    readonly Random _dice = new(plan.Seed);
    readonly string _folder = Directory.CreateTempSubdirectory("portico-bills-").FullName;

    public async Task<BillsFound> Run()
    {
        var total = await Registers();
        var order = await Write("bill", $"elaborazione;servizio;mese;scadenza;azione;totale\nOTT;BUS;10/2026;31/12/2026;anteprima;\nOTT;BUS;10/2026;31/12/2026;approva;{total / 100},{total % 100:00}");
        var begun = Stopwatch.GetTimestamp();
        var killed = new List<int>();
        // The first around the approval, the others when so many positions are open; not so late that it ends by itself before it is killed.
        var points = Enumerable.Range(1, plan.Kills - 1).Select(_ => _dice.Next(1, plan.Bills * 4 / 5)).Order().ToList();
        for (var kill = 0; kill < plan.Kills; kill++)
        {
            using var program = world.Start("schoolfees", "bill", "--entity", "CTN", order);
            if (kill == 0)
            {
                await Until(program, async () => await world.Value<long>("select count(*) from schoolfees.run") > 0);
                await Task.Delay(_dice.Next(0, 100 + plan.Bills / 50));
            }
            else
                await Until(program, async () => await Open() >= points[kill - 1]);
            program.Kill();
            await program.WaitForExitAsync();
            killed.Add(await Open());
            var state = await world.Value<string>("select max(state) from schoolfees.run");
            tell(string.Create(CultureInfo.InvariantCulture, $"killed with {killed[^1]} of {plan.Bills} positions open, run in state {state}"));
        }
        await world.Portico("schoolfees", "bill", "--entity", "CTN", order);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await Pay();
        return await Compare(killed, seconds);
    }

    async Task<BillsFound> Compare(IReadOnlyList<int> killed, double seconds) => new(
        await world.Value<int>("select count(*)::int from schoolfees.bill"),
        killed,
        await world.Value<long>(
            """
            select (select count(*) from (select 1 from schoolfees.bill group by entity_id, pupil_id, service_id, period having count(*) > 1) b)
                 + (select count(*) from (select 1 from payments.position where service = 'schoolfees' group by entity_id, reference having count(*) > 1) p)
                 + (select count(*) from (select 1 from core.mail where template = 'notice' group by entity_id, letter_key having count(*) > 1) m)
            """),
        await world.Value<long>(
            """
            select (select count(*) from schoolfees.pupil p where not exists (select from schoolfees.bill b where b.entity_id = p.entity_id and b.pupil_id = p.pupil_id))
                 + (select count(*) from schoolfees.bill b where state not in ('open', 'paid') or not exists (
                        select from payments.position p join payments.due d on d.entity_id = p.entity_id and d.position_id = p.position_id and d.state in ('open', 'paid')
                         where p.entity_id = b.entity_id and p.service = 'schoolfees' and p.reference = b.code))
                 + (select count(*) from schoolfees.bill b join schoolfees.person n on n.entity_id = b.entity_id and n.person_id = b.payer_id
                     where n.email is not null and not exists (select from core.mail m where m.entity_id = b.entity_id and m.module = 'schoolfees' and m.letter_key = 'notice/' || b.code))
            """),
        await world.Value<long>("select sum(total_cents)::bigint from schoolfees.run"),
        await world.Value<long>("select sum(total_cents)::bigint from schoolfees.bill"),
        await world.Value<long>("select sum(amount_cents)::bigint from schoolfees.bill_line"),
        await world.Value<long>(
            """
            select sum(l.cents)::bigint from payments.due_line l
              join payments.due d on d.entity_id = l.entity_id and d.due_id = l.due_id and d.state in ('open', 'paid')
              join payments.position p on p.entity_id = d.entity_id and p.position_id = d.position_id and p.service = 'schoolfees'
            """),
        await world.Value<long>("select coalesce(sum(total_cents), 0)::bigint from schoolfees.bill where state = 'paid'"),
        await world.Value<long>("select coalesce(sum(t.cents), 0)::bigint from payments.transfer t where t.cause = 'payment.taken' and exists (select from payments.payment p where p.payment_id = t.cause_id and p.service = 'schoolfees')"),
        await world.CheckMoney(), seconds);

    /// <summary>A register of generated families: two pupils each, a price for residents and one for others, every third payer with an address.</summary>
    async Task<long> Registers()
    {
        await world.Execute("insert into core.activation (entity_id, service, creditor_id, state) select entity_id, 'schoolfees', entity_id, 'active' from core.entity where code = 'CTN' on conflict do nothing");
        await Load("years", "anno;dal;al\n2026/2027;14/09/2026;05/06/2027");
        await Load("schools", "scuola;nome\nMARCONI;Primaria Marconi");
        await Load("services", "servizio;tipo;nome;codice_tassonomia;capitolo\nBUS;trasporto;Trasporto scolastico;9/0107102SP/;3010202");
        await Load("tariffs", "tariffa;servizio;dal;unita;metodo;massimo;non_residenti\nBUS26;BUS;01/10/2026;mese;unica;25,00;31,50");
        var pupils = new StringBuilder("alunno;cognome_alunno;nome_alunno;nato_il;cf_alunno;residente;pagante;cognome_pagante;nome_pagante;cf_pagante;email_pagante\n");
        var enrolments = new StringBuilder("iscrizione;alunno;servizio;scuola;dal;al\n");
        var total = 0L;
        for (var n = 0; n < plan.Bills; n++)
        {
            var resident = n % 7 != 0;
            total += resident ? 25_00 : 31_50;
            pupils.Append(CultureInfo.InvariantCulture, $"A{n};Prova{n};Anna;01/02/2016;RSSNNA16B41A944L;{(resident ? "sì" : "no")};P{n / 2};Prova{n / 2};Mario;{Payer};{(n / 2 % 3 == 0 ? $"p{n / 2}@example.org" : "")}\n");
            enrolments.Append(CultureInfo.InvariantCulture, $"I{n};A{n};BUS;MARCONI;01/10/2026;\n");
        }
        await Load("pupils", pupils.ToString());
        await Load("enrolments", enrolments.ToString());
        return total;
    }

    /// <summary>Some families pay, so that the books have something to agree with.</summary>
    async Task Pay()
    {
        await world.Host.Start();
        foreach (var code in await world.Rows<string>($"select code from schoolfees.bill order by code limit {PaidThen}"))
        {
            using var parent = new Citizen(world.Site);
            await parent.Open("/castenaso/rette");
            await parent.Send(("codice", code), ("codice_fiscale", Payer));
            await parent.GoToBank();
            await parent.PayAtBank();
        }
        var begun = Stopwatch.GetTimestamp();
        while (await world.Value<int>("select count(*)::int from schoolfees.bill where state = 'paid'") < PaidThen || await world.Value<int>("select count(*)::int from core.delivery where state = 'due'") > 0)
        {
            if (Stopwatch.GetElapsedTime(begun) > TimeSpan.FromSeconds(60))
                throw new InvalidOperationException("The paid bills are not told.");
            await Task.Delay(100);
        }
        await world.Host.Killed();
    }

    static async Task Until(Process program, Func<Task<bool>> reached)
    {
        while (!await reached())
        {
            if (program.HasExited)
                throw new InvalidOperationException("It ended before it was killed.");
            await Task.Delay(10);
        }
    }

    Task<int> Open() => world.Value<int>("select count(*)::int from payments.position where service = 'schoolfees'");

    async Task Load(string verb, string csv) => await world.Portico("schoolfees", verb, "--entity", "CTN", await Write(verb, csv));

    async Task<string> Write(string name, string csv)
    {
        var file = Path.Combine(_folder, name + ".csv");
        await File.WriteAllTextAsync(file, csv);
        return file;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
