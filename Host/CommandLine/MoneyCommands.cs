using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Time;
using Platform.Payments.Ledger;

namespace Portico.Host.CommandLine;

/// <summary><c>portico check money</c> and <c>portico ledger</c>: does the money add up, and where is it?</summary>
internal static class MoneyCommands
{
    const int ShownPerInvariant = 20;
    const int MostGraceMinutes = 7 * 24 * 60;

    public static Command Check(HostSettings settings)
    {
        var sql = new Option<bool>("--sql") { Description = "Print the questions for psql instead of asking them." };
        var grace = new Option<int>("--grace") { Description = "Minutes in which a receipt or an event may still be on its way.", DefaultValueFactory = _ => (int)MoneyCheck.Grace.TotalMinutes, HelpName = "minutes" };
        grace.Validators.Add(words =>
        {
            if (words.Tokens is [var token] && int.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var minutes) && minutes is < 0 or > MostGraceMinutes)
                words.AddError($"--grace wants minutes, from 0 to {MostGraceMinutes}.");
        });
        var command = new Command("money", "Compare what was asked, taken, paid, booked, told and receipted, over all creditors. Changes nothing; may run beside a busy host. 1 when it does not add up.") { sql, grace };
        command.SetAction(async (parsed, stop) =>
        {
            var patience = TimeSpan.FromMinutes(parsed.GetValue(grace));
            if (parsed.GetValue(sql))
            {
                Console.WriteLine(MoneyCheck.Script(patience));
                return PorticoCommands.Done;
            }
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var wrong = 0;
            await foreach (var (invariant, contradictions) in app.Container.Resolve<MoneyCheck>().Run(patience, stop))
            {
                wrong += contradictions.Count;
                Console.WriteLine($"{(contradictions.Count == 0 ? "ok  " : "MEND")}  {invariant.Name}: {invariant.Rule}");
                foreach (var contradiction in contradictions.Take(ShownPerInvariant))
                    Console.WriteLine($"        {known.ById(contradiction.Entity)?.Code ?? contradiction.Entity.ToString()}: {contradiction.What}");
                if (contradictions.Count > ShownPerInvariant)
                    Console.WriteLine($"        … and {contradictions.Count - ShownPerInvariant} more");
            }
            return wrong == 0 ? PorticoCommands.Done : PorticoCommands.Fail($"The money does not add up: {wrong} contradictions.");
        });
        return command;
    }

    public static Command Ledger(HostSettings settings) => new("ledger", "A creditor's book: what the bank holds for him, and why.") { Balances(settings), Bookings(settings), Parity(settings) };

    static Command Parity(HostSettings settings)
    {
        var command = new Command("parity", "Compare the service centre's book with the creditors' now, as every night, and rebuild what was written down of days that are over. 1 when the books differ.");
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var (differences, rebuilt) = await app.Container.Resolve<BookParity>().Compare(LegalTime.Day(app.Container.Resolve<TimeProvider>().GetUtcNow()), stop);
            Console.WriteLine($"{differences} differences, {rebuilt} balances written anew.");
            return differences == 0 ? PorticoCommands.Done : PorticoCommands.Fail("The two books differ; \"portico check money\" names where.");
        });
        return command;
    }

    static Command Balances(HostSettings settings) => OfCreditor(
        settings, "balances", "Each account over some days: booked on either side, and where it stands after them. CSV.",
        async (report, creditor, from, to, stop) =>
        {
            Console.WriteLine("conto;natura;dare;avere;saldo");
            foreach (var account in await report.Balances(creditor, from, to, stop))
                Console.WriteLine($"{Csv(account.Account)};{account.Kind};{Amount(account.Debit)};{Amount(account.Credit)};{Amount(account.Balance)}");
        });

    static Command Bookings(HostSettings settings) => OfCreditor(
        settings, "bookings", "Every booking of some days, in the order of its making. CSV.",
        async (report, creditor, from, to, stop) =>
        {
            Console.WriteLine("giorno;ora;causa;ordine;dare;avere;importo");
            await foreach (var booking in report.Bookings(creditor, from, to, stop))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{booking.BookedOn:yyyy-MM-dd};{LegalTime.Local(booking.BookedAt):HH:mm:ss};{booking.Cause};{booking.OrderNumber};{Csv(booking.Debit)};{Csv(booking.Credit)};{Amount(booking.Amount)}"));
        });

    static Command OfCreditor(HostSettings settings, string name, string description, Func<LedgerReport, EntityId, DateOnly, DateOnly, CancellationToken, Task> print)
    {
        var (entity, from, to) = Scope();
        var command = new Command(name, description) { entity, from, to };
        command.SetAction(async (parsed, stop) =>
        {
            if (parsed.GetValue(from) > parsed.GetValue(to))
                return PorticoCommands.Misspell(["--from is after --to: no day lies between them."]);
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            if (await Creditor(app, parsed.GetValue(entity)!, stop) is not { } creditor)
                return PorticoCommands.Fail($"No entity has the code {parsed.GetValue(entity)}.");
            await print(app.Container.Resolve<LedgerReport>(), creditor, parsed.GetValue(from), parsed.GetValue(to), stop);
            return PorticoCommands.Done;
        });
        return command;
    }

    static (Option<string> Entity, Option<DateOnly> From, Option<DateOnly> To) Scope() => (
        new("--entity") { Description = "Code of the creditor, for instance URG.", Required = true, HelpName = "code" },
        Day("--from", "First legal day, 2026-01-31; without it, from the beginning.", DateOnly.MinValue),
        Day("--to", "Last legal day, 2026-12-31; without it, to the end.", DateOnly.MaxValue));

    internal static Option<DateOnly> Day(string name, string description, DateOnly otherwise) => new(name)
    {
        Description = description,
        HelpName = "day",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            if (DateOnly.TryParseExact(result.Tokens[0].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
                return day;
            result.AddError($"{name} wants a day like 2026-01-31.");
            return default;
        },
    };

    static async Task<EntityId?> Creditor(PorticoApp app, string code, CancellationToken stop) => (await app.Container.Resolve<EntityDirectory>().Current(stop)).ByCode(code)?.Id;

    internal static string Amount(Platform.Core.Money.Euro amount) => string.Create(CultureInfo.InvariantCulture, $"{(amount.Cents < 0 ? "-" : "")}{Math.Abs(amount.Cents) / 100},{Math.Abs(amount.Cents) % 100:00}");

    // A spreadsheet runs what begins like a formula.
    internal static string Csv(string text) => text.Length > 0 && text[0] is '=' or '+' or '-' or '@' || text.AsSpan().ContainsAny(";\"\n\r")
        ? $"\"{(text[0] is '=' or '+' or '-' or '@' ? "'" : "")}{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : text;
}
