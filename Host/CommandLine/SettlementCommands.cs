using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Entities;
using Platform.Payments.Settlement;

namespace Portico.Host.CommandLine;

/// <summary><c>portico settlement</c>: what gateways hand over, what the bank moved, what goes to creditors, and whether the three agree.</summary>
internal static class SettlementCommands
{
    public static Command Settlement(HostSettings settings) => new("settlement", "What gateways and the bank say they moved, beside what was taken and what is owed: docs/settlement.md.")
    {
        File(settings), Statement(settings), Day(settings), Causes(settings), Payout(settings), PayoutStatement(settings),
    };

    static Command File(HostSettings settings)
    {
        var agreement = new Option<Guid>("--agreement") { Description = "Number of the agreement under which the gateway settles.", Required = true };
        var file = new Argument<FileInfo>("file") { Description = "The settlement file, CSV." };
        var command = new Command("file", "Load a gateway's settlement file. All or nothing; the same file again changes nothing.") { agreement, file };
        command.SetAction(async (parsed, stop) =>
        {
            var bytes = await Bytes(parsed.GetValue(file)!, SettlementFile.MostBytes, stop);
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            return ServiceCommands.Tell(await app.Container.Resolve<SettlementImports>().File(parsed.GetValue(agreement), parsed.GetValue(file)!.Name, bytes, SettingsCommands.Operator, stop), "righe");
        });
        return command;
    }

    static Command Statement(HostSettings settings)
    {
        var file = new Argument<FileInfo>("file") { Description = "A bank statement in CAMT.053." };
        var command = new Command("statement", "Load bank statements. All or nothing; a movement that is known already changes nothing.") { file };
        command.SetAction(async (parsed, stop) =>
        {
            var bytes = await Bytes(parsed.GetValue(file)!, CamtStatement.MostBytes, stop);
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            return ServiceCommands.Tell(await app.Container.Resolve<SettlementImports>().Statement(bytes, SettingsCommands.Operator, stop), "movimenti");
        });
        return command;
    }

    static Command Day(HostSettings settings)
    {
        var (owner, from, to) = Scope();
        var command = new Command("day", "Each day in three columns: taken, credited, owed; and the difference, which is 0 or has causes. CSV. 1 when there is a difference.") { owner, from, to };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var entity = await SettingsCommands.Named(app, parsed.GetValue(owner)!, stop);
            var days = await app.Container.Resolve<SettlementDays>().Days(entity.Id, parsed.GetValue(from), parsed.GetValue(to), stop);
            Console.WriteLine("giorno;preso;accreditato;spettante;differenza;cause");
            foreach (var day in days)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{day.Day:yyyy-MM-dd};{MoneyCommands.Amount(day.Taken)};{MoneyCommands.Amount(day.Credited)};{MoneyCommands.Amount(day.Owed)};{MoneyCommands.Amount(day.Difference)};{day.Causes}"));
            return days.Sum(day => day.Causes) == 0 ? PorticoCommands.Done : PorticoCommands.Fail("There are differences: \"portico settlement causes\" names them.");
        });
        return command;
    }

    static Command Causes(HostSettings settings)
    {
        var (owner, from, to) = Scope();
        var command = new Command("causes", "Why the columns of \"day\" differ, each cause once. CSV.") { owner, from, to };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var entity = await SettingsCommands.Named(app, parsed.GetValue(owner)!, stop);
            Console.WriteLine("giorno;causa;oggetto;creditore;importo;righe;dettaglio");
            foreach (var cause in await app.Container.Resolve<SettlementDays>().Causes(entity.Id, parsed.GetValue(from), parsed.GetValue(to), stop))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{cause.Day:yyyy-MM-dd};{cause.Label};{MoneyCommands.Csv(cause.Subject)};{cause.Creditor};{MoneyCommands.Amount(cause.Amount)};{cause.Items};{MoneyCommands.Csv(cause.Detail)}"));
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Payout(HostSettings settings)
    {
        var code = new Argument<string[]>("code") { Description = "Codes of the creditors to pay; none for all.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("payout", "Order to pay out what the service centre owes now: one payout per creditor, whose number the transfer's text must bear. CSV.") { code };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var named = new List<Entity>();
            foreach (var text in parsed.GetValue(code)!)
                named.Add(await SettingsCommands.Named(app, text, stop));
            Console.WriteLine("numero;creditore;importo");
            foreach (var creditor in named.Count > 0 ? named : (await app.Container.Resolve<EntityDirectory>().Current(stop)).All.Where(entity => entity.Id != EntityId.Centre))
                if (await app.Container.Resolve<Payouts>().Order(creditor, SettingsCommands.Operator, stop) is { } payout)
                    Console.WriteLine($"{payout.Number};{creditor.Code};{MoneyCommands.Amount(payout.Amount)}");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command PayoutStatement(HostSettings settings)
    {
        var number = new Argument<string>("number") { Description = "The payout: PAY-URG-000001." };
        var pdf = new Option<FileInfo?>("--pdf") { Description = "Write it as PDF into this file instead of CSV to the console.", HelpName = "file" };
        var command = new Command("payout-statement", "What a payout consists of, for the creditor's accountant. CSV, or PDF.") { number, pdf };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var payouts = app.Container.Resolve<Payouts>();
            if (await payouts.Find(parsed.GetValue(number)!, stop) is not { } payout)
                return PorticoCommands.Fail($"There is no payout {parsed.GetValue(number)}.");
            var items = await payouts.Items(payout, stop);
            if (parsed.GetValue(pdf) is { } target)
            {
                await System.IO.File.WriteAllBytesAsync(target.FullName, await payouts.Statement(payout, items, stop), stop);
                return PorticoCommands.Done;
            }
            Console.WriteLine("giorno;causa;ordine;titolo;importo");
            foreach (var item in items)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{item.BookedOn:yyyy-MM-dd};{item.Cause};{item.OrderNumber};{MoneyCommands.Csv(item.Title)};{MoneyCommands.Amount(item.Amount)}"));
            return PorticoCommands.Done;
        });
        return command;
    }

    static (Option<string> Owner, Option<DateOnly> From, Option<DateOnly> To) Scope() => (
        new("--owner") { Description = "Code of who owns the agreement and the account; 000 is the service centre.", DefaultValueFactory = _ => "000", HelpName = "code" },
        MoneyCommands.Day("--from", "First legal day, 2026-01-31; without it, from the beginning.", DateOnly.MinValue),
        MoneyCommands.Day("--to", "Last legal day, 2026-12-31; without it, to the end.", DateOnly.MaxValue));

    static async Task<byte[]> Bytes(FileInfo file, int most, CancellationToken stop)
    {
        await using var input = PorticoCommands.Open(file);
        if (input.Length > most)
            throw new FormatException($"{file.Name} has {input.Length >> 20} MiB; at most {most >> 20} are taken.");
        var bytes = new byte[input.Length];
        await input.ReadExactlyAsync(bytes, stop);
        return bytes;
    }
}
