using System.Text;
using Platform.Payments.Checkout;

namespace Platform.Payments.Tests.Checkout;

/// <summary>The page that draws the state machine is written from the state machine. PORTICO_PICTURES=1 writes it anew.</summary>
internal sealed class PaymentStatesPageTests
{
    static readonly PaymentState[] States = Enum.GetValues<PaymentState>();
    static readonly GatewayOutcome[] Facts = Enum.GetValues<GatewayOutcome>();

    [Test]
    public async Task The_page_of_the_state_machine_is_what_the_code_does()
    {
        var page = Path.Combine(Path.GetDirectoryName(Platform.Testing.Whereabouts.Artifacts)!, "docs", "payment-states.md");
        if (Environment.GetEnvironmentVariable("PORTICO_PICTURES") == "1")
            await File.WriteAllTextAsync(page, Draw());
        (await File.ReadAllTextAsync(page)).Should().Be(Draw(), "docs/payment-states.md is generated: run this test with PORTICO_PICTURES=1");
    }

    static string Draw()
    {
        var page = new StringBuilder(
            """
            # What becomes of a payment

            Written by a test from [`PaymentStates.cs`](../Platform.Payments/Checkout/PaymentStates.cs); do not edit. A fact is what a gateway told us and we verified:
            by its notification, by the citizen's return or as the answer to our question. Facts may come in any order, twice, late or never.

            ```mermaid
            stateDiagram-v2
                [*] --> prepared

            """);
        foreach (var (from, to) in States.SelectMany(from => Facts.Select(fact => (From: from, PaymentStates.Next(from, fact).Next))).Where(pair => pair.From != pair.Next).Distinct())
            page.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"    {from.ToText()} --> {to.ToText()}: {string.Join(", ", Facts.Where(fact => PaymentStates.Next(from, fact).Next == to))}");
        page.AppendLine("```").AppendLine().AppendLine("Each state and each fact. Where nothing is said of the state, it stays.").AppendLine();
        page.AppendLine("| Fact | " + string.Join(" | ", States.Select(state => state.ToText())) + " |").AppendLine("|---|" + string.Concat(Enumerable.Repeat("---|", States.Length)));
        foreach (var fact in Facts)
            page.AppendLine($"| {fact} | " + string.Join(" | ", States.Select(state => Cell(state, PaymentStates.Next(state, fact)))) + " |");
        page.AppendLine().AppendLine(
            """
            *take*: the dues become paid, the books are written, the services are told. *give back*: the dues are open again, the books are written the other way round,
            the services are told. *amount*: what was taken is now certain; another amount than asked is kept and flagged. *ask soon*, *ask later*: the gateway is asked
            within seconds, or at growing distances; otherwise there is nothing more to ask.
            """);
        return page.ToString().ReplaceLineEndings("\n");
    }

    static string Cell(PaymentState state, Transition transition)
    {
        List<string> words = [];
        if (transition.Next != state)
            words.Add($"**{transition.Next.ToText()}**");
        foreach (var (effect, word) in Words)
        {
            if (transition.Effects.HasFlag(effect))
                words.Add(word);
        }
        return string.Join(", ", words);
    }

    static readonly (PaymentEffects Effect, string Word)[] Words =
    [
        (PaymentEffects.Take, "take"), (PaymentEffects.TakeBack, "give back"), (PaymentEffects.ConfirmAmount, "amount"), (PaymentEffects.AskSoon, "ask soon"), (PaymentEffects.AskLater, "ask later"),
    ];
}
