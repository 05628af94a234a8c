using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Time;
using Platform.Payments.Refunds;

namespace Portico.Host.CommandLine;

/// <summary><c>portico refund</c>: money that is given back, and who agreed to it.</summary>
internal static class RefundCommands
{
    public static Command Refund(HostSettings settings) => new("refund", "Give money back: ask, approve, refuse, confirm what was done at the bank, list, and each creditor's policy.")
    {
        Ask(settings), Approve(settings), Refuse(settings), Confirm(settings), List(settings), Policy(settings),
    };

    static Command Ask(HostSettings settings)
    {
        var order = new Argument<string>("order") { Description = "The payment's order number, URG-0123456789ABC-7." };
        var due = new Option<Guid?>("--due") { Description = "One of its dues; needed when it paid several and --amount is given.", HelpName = "number" };
        var amount = new Option<Euro?>("--amount") { Description = "In euros, 12,50; without it, all that is left.", HelpName = "euros", CustomParser = Amount };
        var cancel = new Option<bool>("--not-owed") { Description = "What is given back whole was not owed: nobody can pay it any more. Otherwise it is owed again." };
        var (reason, by) = (Words("--reason", "Why, without personal data; 1 to 200 characters."), By());
        var command = new Command("ask", "Ask for a refund. From the creditor's threshold on, somebody else has to approve it.") { order, due, amount, cancel, reason, by };
        command.SetAction((parsed, stop) => Do(
            settings, parsed, parsed.GetValue(order)!,
            (desk, creditor) => desk.Ask(creditor, new(parsed.GetValue(order)!, parsed.GetValue(due), parsed.GetValue(amount), parsed.GetValue(cancel), parsed.GetValue(reason)!.Trim()), Actor(parsed.GetValue(by)!), stop), stop));
        return command;
    }

    static Command Approve(HostSettings settings)
    {
        var (number, by) = (Number(), By());
        var command = new Command("approve", "Agree to what somebody else asked for; it is carried out by a running host, or by hand where the bank has no protocol for it.") { number, by };
        command.SetAction((parsed, stop) => Do(settings, parsed, parsed.GetValue(number)!, (desk, creditor) => desk.Approve(creditor, parsed.GetValue(number)!, Actor(parsed.GetValue(by)!), stop), stop));
        return command;
    }

    static Command Refuse(HostSettings settings)
    {
        var (number, reason, by) = (Number(), Words("--reason", "Why it is not given back; for one whose outcome is unknown, how you know that the bank has not done it."), By());
        var command = new Command("refuse", "Give nothing back. What was set aside is free again.") { number, reason, by };
        command.SetAction((parsed, stop) => Do(
            settings, parsed, parsed.GetValue(number)!, (desk, creditor) => desk.Refuse(creditor, parsed.GetValue(number)!, parsed.GetValue(reason)!.Trim(), Actor(parsed.GetValue(by)!), stop), stop));
        return command;
    }

    static Command Confirm(HostSettings settings)
    {
        var (number, proof, by) = (Number(), Words("--proof", "What shows it: the number of the operation in the bank's back office."), By());
        var command = new Command("confirm", "Say that it was given back in the bank's back office, and what shows it.") { number, proof, by };
        command.SetAction((parsed, stop) => Do(
            settings, parsed, parsed.GetValue(number)!, (desk, creditor) => desk.Confirm(creditor, parsed.GetValue(number)!, parsed.GetValue(proof)!.Trim(), Actor(parsed.GetValue(by)!), stop), stop));
        return command;
    }

    static Command List(HostSettings settings)
    {
        var entity = new Option<string?>("--entity") { Description = "Code of one creditor; without it, all.", HelpName = "code" };
        var all = new Option<bool>("--all") { Description = "Also what is done or refused." };
        var command = new Command("list", "Refunds that wait for somebody or something: entity, number, order, amount, state, reason, who asked, who approved, when.") { entity, all };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var creditor = parsed.GetValue(entity) is { } code ? (await SettingsCommands.Named(app, code, stop)).Id : (EntityId?)null;
            var refunds = await app.Container.Resolve<RefundDesk>().List(creditor, parsed.GetValue(all), stop);
            foreach (var refund in refunds)
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{known.ById(new(refund.Entity))?.Code}\t{refund.Number}\t{refund.OrderNo}\t{refund.Amount}\t{refund.State}\t{refund.Reason}\t{refund.AskedBy}\t{refund.ApprovedBy ?? "-"}\t{LegalTime.Local(refund.AskedAt):yyyy-MM-dd HH:mm}{(refund.EndedBy is null ? "" : $"\t{refund.EndedBy}: {refund.Proof}")}"));
            Console.WriteLine(refunds.Count == 0 ? "Nothing waits." : $"{refunds.Count} refunds. asked: portico refund approve NUMBER. by_hand or unknown: look at the bank, then portico refund confirm NUMBER, or refuse.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Policy(HostSettings settings)
    {
        var entity = new Option<string>("--entity") { Description = "Code of the creditor.", Required = true, HelpName = "code" };
        var from = new Option<Euro?>("--four-eyes-from") { Description = "From this amount on a second person has to approve; 0 is every refund.", HelpName = "euros", CustomParser = Amount };
        var twice = Choice("--twice", "Paid twice");
        var tooMuch = Choice("--too-much", "Taken beyond what was asked");
        var by = By();
        var command = new Command("policy", "Show or change what a creditor decides about giving money back.") { entity, from, twice, tooMuch, by };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var creditor = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            var desk = app.Container.Resolve<RefundDesk>();
            var policy = await desk.Policy(creditor.Id, stop);
            if (parsed.GetValue(from) is not null || parsed.GetValue(twice) is not null || parsed.GetValue(tooMuch) is not null)
                await desk.SetPolicy(creditor.Id, policy = new(
                    parsed.GetValue(from) ?? policy.FourEyesFrom, parsed.GetValue(twice) ?? policy.Twice, parsed.GetValue(tooMuch) ?? policy.TooMuch, Actor(parsed.GetValue(by)!)), stop);
            Console.WriteLine($"{creditor.Name}: two persons from {policy.FourEyesFrom}; paid twice: {policy.Twice}; too much: {policy.TooMuch}.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static async Task<int> Do(HostSettings settings, ParseResult parsed, string named, Func<RefundDesk, EntityId, Task<Outcome<string>>> work, CancellationToken stop)
    {
        await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
        var code = named.StartsWith("R-", StringComparison.Ordinal) ? named[2..] : named;
        if (Platform.Payments.Checkout.OrderNumber.EntityOf(code) is not { } owner || (await app.Container.Resolve<EntityDirectory>().Current(stop)).ByCode(owner) is not { } creditor)
            return PorticoCommands.Fail($"{named} is no number of ours.");
        var outcome = await work(app.Container.Resolve<RefundDesk>(), creditor.Id);
        if (outcome.Refusal is { } refusal)
            return PorticoCommands.Fail(InWords(refusal));
        var refund = (await app.Container.Resolve<RefundDesk>().List(creditor.Id, all: true, stop)).Single(one => one.Number == outcome.Value);
        Console.WriteLine($"{refund.Number}: {refund.Amount} of {refund.OrderNo} is {refund.State}.");
        return PorticoCommands.Done;
    }

    static string InWords(Refusal refusal) => refusal.Code switch
    {
        RefundRefusals.UnknownPayment => "There is no such payment.",
        RefundRefusals.NotPaid => $"The payment is {refusal.Detail}: there is nothing to give back.",
        RefundRefusals.NotConfirmed => "The bank has not named yet what it took: try again when it has.",
        RefundRefusals.TooMuch => $"That is more than is left{(refusal.Detail is null ? "" : $": {refusal.Detail}")}.",
        RefundRefusals.NameTheDue => $"It paid several dues; say which with --due: {refusal.Detail}.",
        RefundRefusals.NotPossibleNow => $"The refund is {refusal.Detail}: that cannot be done with it.",
        RefundRefusals.SamePerson => "Who asked for it cannot be the second person.",
        _ => refusal.Code,
    };

    /// <summary>As the journal names who is at this machine.</summary>
    internal static string Actor(string by) => $"cli:{by.Trim()}";

    internal static Option<string> By()
    {
        var by = new Option<string>("--by") { Description = "Who does it, for the journal; nobody signs in on the command line, so whoever may run it must be trusted with this word.", DefaultValueFactory = _ => Environment.UserName, HelpName = "name" };
        by.Validators.Add(words =>
        {
            if (words.GetValueOrDefault<string>() is not { } name || name.Trim().Length is 0 or > 80)
                words.AddError("--by wants a name.");
        });
        return by;
    }

    internal static Option<string> Words(string name, string description)
    {
        var option = new Option<string>(name) { Description = description, Required = true, HelpName = "words" };
        option.Validators.Add(words =>
        {
            if (words.GetValueOrDefault<string>() is not { } text || text.Trim().Length is 0 or > 200)
                words.AddError($"{name} wants 1 to 200 characters.");
        });
        return option;
    }

    static Argument<string> Number() => new("number") { Description = "The refund's number, R-URG-0123456789ABC-7: portico refund list." };

    static Option<string?> Choice(string name, string what)
    {
        var option = new Option<string?>(name) { Description = $"{what}: a task for an officer, or a refund by itself.", HelpName = "task|refund" };
        option.AcceptOnlyFromAmong(RefundPolicy.Task, RefundPolicy.Refund);
        return option;
    }

    static Euro? Amount(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (Euro.TryParse(result.Tokens[0].Value, out var amount) && amount >= Euro.Zero)
            return amount;
        result.AddError("An amount reads 12,50.");
        return null;
    }
}
