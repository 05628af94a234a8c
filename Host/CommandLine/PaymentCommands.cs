using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Payments.Checkout;
using Platform.Payments.Office.Received;
using Platform.Payments.Payers;
using Platform.Payments.Recorded;

namespace Portico.Host.CommandLine;

/// <summary><c>portico payments</c>: what an officer received past every gateway.</summary>
internal static class PaymentCommands
{
    public static Command Payments(HostSettings settings) => new("payments", "Money that an officer received at the counter, on the entity's own account or at the post: record, approve, refuse, undo, list; and what payers left to be forgotten.")
    {
        Record(settings), Decide(settings, "approve", "Agree with what somebody else recorded, or with undoing it: the due is paid, or owed again.", agree: true),
        Decide(settings, "refuse", "Do not agree: the due stays as it is.", agree: false), Undo(settings), Recorded(settings), Forget(settings),
    };

    static Command Forget(HostSettings settings)
    {
        var entity = new Option<string>("--entity") { Description = "Code of the creditor.", Required = true, HelpName = "code" };
        var email = new Option<string?>("--email") { Description = "The address, of whatever payments; - reads it from the standard input, which no list of processes shows.", HelpName = "address" };
        var order = new Option<string?>("--order") { Description = "The address of this order's payer alone.", HelpName = "order" };
        var by = RefundCommands.By();
        var command = new Command("forget", "Forget the e-mail address that payers left. Payments, books and receipts stand.") { entity, email, order, by };
        command.Validators.Add(words =>
        {
            if (words.GetValue(email) is null == words.GetValue(order) is null)
                words.AddError("Name --email or --order.");
        });
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var creditor = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            var address = parsed.GetValue(email) is "-" ? await Console.In.ReadLineAsync(stop) : parsed.GetValue(email);
            var forgotten = await app.Container.Resolve<CallScopes>().In(
                creditor.Id, creditor.Id, "payments",
                scope => scope.Resolve<ICommands>().Send(new ForgetPayer(address, parsed.GetValue(order), RefundCommands.Actor(parsed.GetValue(by)!)), stop));
            Console.WriteLine(forgotten == 0 ? "Nothing of it was kept." : $"Forgotten with {forgotten} payments. Letters that were sent are emptied after 30 days.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Record(HostSettings settings)
    {
        var entity = new Option<string>("--entity") { Description = "Code of the creditor.", Required = true, HelpName = "code" };
        var service = new Argument<string>("service") { Description = "The service whose position it is: fines." };
        var reference = new Argument<string>("reference") { Description = "What the service calls it: V/2026/1042." };
        var amount = new Option<Euro>("--amount") { Description = "What was received: 31,40.", Required = true, HelpName = "euros", CustomParser = Amount };
        var how = new Option<string>("--how") { Description = "How it was received.", Required = true, HelpName = "cash|bank_transfer|post" };
        how.AcceptOnlyFromAmong("cash", "bank_transfer", "post");
        var on = new Option<DateOnly>("--on") { Description = "The day on which it was received, yyyy-mm-dd.", Required = true, HelpName = "day" };
        var instalment = new Option<InstalmentNumber?>("--instalment") { Description = "One instalment of a plan: tre/1.", HelpName = "plan/number", CustomParser = Instalment };
        var id = new Option<Guid?>("--id") { Description = "A number of your own; the same number again records nothing more.", HelpName = "guid" };
        var (proof, by) = (RefundCommands.Words("--proof", "What shows it, without personal data: the number of the till's receipt, the bank's reference."), RefundCommands.By());
        var command = new Command("record", "Say that a position was paid past every gateway. Somebody else has to approve it.") { service, reference, entity, amount, how, on, proof, instalment, id, by };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var creditor = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            return await Send(app, creditor.Id, new RecordPayment(
                parsed.GetValue(id) ?? Guid.CreateVersion7(), parsed.GetValue(service)!, parsed.GetValue(reference)!, parsed.GetValue(amount), parsed.GetValue(how)!, parsed.GetValue(proof)!.Trim(),
                parsed.GetValue(on), RefundCommands.Actor(parsed.GetValue(by)!)) { Instalment = parsed.GetValue(instalment) }, stop);
        });
        return command;
    }

    static Command Decide(HostSettings settings, string name, string description, bool agree)
    {
        var (order, by) = (Order(), RefundCommands.By());
        var command = new Command(name, description) { order, by };
        command.SetAction((parsed, stop) => Named(settings, parsed, parsed.GetValue(order)!, order => new DecideRecording(order, agree, RefundCommands.Actor(parsed.GetValue(by)!)), stop));
        return command;
    }

    static Command Undo(HostSettings settings)
    {
        var (order, reason, by) = (Order(), RefundCommands.Words("--reason", "Why it was wrong, without personal data."), RefundCommands.By());
        var command = new Command("undo", "Say that an approved recording was wrong. It stands until somebody else approves that.") { order, reason, by };
        command.SetAction((parsed, stop) => Named(
            settings, parsed, parsed.GetValue(order)!, order => new UndoRecording(order, parsed.GetValue(reason)!.Trim(), RefundCommands.Actor(parsed.GetValue(by)!)), stop));
        return command;
    }

    static Command Recorded(HostSettings settings)
    {
        var entity = new Option<string?>("--entity") { Description = "Code of one creditor; without it, all.", HelpName = "code" };
        var all = new Option<bool>("--all") { Description = "Also what was decided." };
        var command = new Command("recorded", "Recordings that wait for a second person: entity, order, service, position, received, asked, how, day, state, who, proof.") { entity, all };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var creditor = parsed.GetValue(entity) is { } code ? (await SettingsCommands.Named(app, code, stop)).Id : (EntityId?)null;
            var recorded = await app.Container.Resolve<Recordings>().List(creditor, parsed.GetValue(all), stop);
            foreach (var one in recorded)
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{known.ById(new(one.Entity))?.Code}\t{one.OrderNo}\t{one.Service}\t{one.Reference}\t{one.Amount}\t{one.Asked}\t{one.How}\t{one.TakenOn:yyyy-MM-dd}\t{one.State}\t{one.AskedBy}\t{one.Proof}"));
            Console.WriteLine(recorded.Count == 0 ? "Nothing waits." : $"{recorded.Count} recordings. asked, undo_asked: portico payments approve ORDER, or refuse.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static async Task<int> Named(HostSettings settings, ParseResult parsed, string order, Func<string, ICommand<Outcome<RecordedPayment>>> command, CancellationToken stop)
    {
        await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
        return OrderNumber.EntityOf(order) is { } code && (await app.Container.Resolve<EntityDirectory>().Current(stop)).ByCode(code) is { } creditor
            ? await Send(app, creditor.Id, command(order), stop)
            : PorticoCommands.Fail($"{order} is no order number of ours.");
    }

    static async Task<int> Send(PorticoApp app, EntityId creditor, ICommand<Outcome<RecordedPayment>> command, CancellationToken stop)
    {
        var outcome = await app.Container.Resolve<CallScopes>().In(creditor, creditor, "payments", scope => scope.Resolve<ICommands>().Send(command, stop));
        if (outcome.Refusal is { } refusal)
            return PorticoCommands.Fail(InWords(refusal));
        var recorded = outcome.Value;
        Console.WriteLine($"{recorded.OrderNo}: {recorded.Amount} for {recorded.Service} {recorded.Reference} is {recorded.State}{(recorded.Amount == recorded.Asked ? "" : $"; it costs {recorded.Asked}")}.");
        return PorticoCommands.Done;
    }

    static string InWords(Refusal refusal) => refusal.Code switch
    {
        RecordingRefusals.Unknown => "There is no such position, or no such recording.",
        RecordingRefusals.AlreadyPaid => $"It is paid already, by {refusal.Detail}: give the money back.",
        RecordingRefusals.NotOpen => $"It is {refusal.Detail}: nobody can pay it.",
        RecordingRefusals.AtBank => $"Somebody is paying it at the bank just now, by {refusal.Detail}: take no money for it, and look again in a quarter of an hour.",
        RecordingRefusals.Waits => "Another payment of it is recorded and waits for approval: portico payments recorded.",
        RecordingRefusals.NotPriced => "Its service does not say what it cost on that day.",
        RecordingRefusals.WrongDay => "The day is to come, or more than a year ago.",
        RecordingRefusals.NotPossibleNow => $"The recording is {refusal.Detail}: that cannot be done with it.",
        RecordingRefusals.SamePerson => "Who asked for it cannot be the second person.",
        RecordingRefusals.GivenBack => "Something of it was given back: it cannot be undone any more.",
        _ => refusal.Code,
    };

    static Argument<string> Order() => new("order") { Description = "The order number: portico payments recorded." };

    static InstalmentNumber? Instalment(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (result.Tokens[0].Value.Split('/') is [{ Length: > 0 } plan, var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var n))
            return new(plan, n);
        result.AddError("An instalment reads tre/1.");
        return null;
    }

    static Euro Amount(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (Euro.TryParse(result.Tokens[0].Value, out var amount) && amount > Euro.Zero)
            return amount;
        result.AddError("An amount reads 12,50.");
        return default;
    }
}
