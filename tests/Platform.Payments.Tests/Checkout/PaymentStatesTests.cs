using Platform.Payments.Checkout;

namespace Platform.Payments.Tests.Checkout;

public sealed class PaymentStatesTests
{
    // The approved table. Effects: + taken, - taken back, = amount confirmed, ! ask at once, ~ ask later, . nothing more to ask.
    const string Approved =
        """
                      Prepared      AtBank        Unknown       Paid          Failed        Expired       Reversed
        Registered    AtBank~       AtBank~       AtBank~       Paid~         Failed.       Expired.      Reversed.
        Approved      Paid+!        Paid+!        Paid+!        Paid~         Paid+!        Paid+!        Reversed.
        Completed     Paid+=.       Paid+=.       Paid+=.       Paid=.        Paid+=.       Paid+=.       Reversed.
        Refused       Failed.       Failed.       Failed.       Paid~         Failed.       Expired.      Reversed.
        Abandoned     Failed.       Failed.       Failed.       Paid~         Failed.       Expired.      Reversed.
        Expired       Expired.      Expired.      Expired.      Paid~         Failed.       Expired.      Reversed.
        Reversed      Failed.       Failed.       Failed.       Reversed-.    Failed.       Expired.      Reversed.
        NotFound      Prepared~     AtBank~       Unknown~      Paid~         Failed.       Expired.      Reversed.
        NeverArrived  Expired.      Expired.      Expired.      Paid~         Failed.       Expired.      Reversed.
        Undetermined  Unknown~      Unknown~      Unknown~      Paid~         Failed.       Expired.      Reversed.
        """;

    [Test]
    public void Every_pair_of_state_and_outcome_has_the_approved_answer() => Drawn().Should().Be(Approved.ReplaceLineEndings("\n"));

    [Test]
    public void Only_a_reversal_undoes_success() =>
        Enum.GetValues<GatewayOutcome>().Where(heard => PaymentStates.Next(PaymentState.Paid, heard).Next != PaymentState.Paid).Should().Equal(GatewayOutcome.Reversed);

    [Test]
    public void Success_wins_wherever_it_comes_from_but_a_reversal_stays()
    {
        foreach (var state in Enum.GetValues<PaymentState>())
            foreach (var success in new[] { GatewayOutcome.Approved, GatewayOutcome.Completed })
                PaymentStates.Next(state, success).Next.Should().Be(state == PaymentState.Reversed ? PaymentState.Reversed : PaymentState.Paid);
    }

    [Test]
    public void Dues_are_taken_exactly_on_entering_paid_and_given_back_exactly_on_leaving_it()
    {
        foreach (var state in Enum.GetValues<PaymentState>())
            foreach (var heard in Enum.GetValues<GatewayOutcome>())
            {
                var (next, effects) = PaymentStates.Next(state, heard);
                effects.HasFlag(PaymentEffects.Take).Should().Be(state != PaymentState.Paid && next == PaymentState.Paid, $"{heard} in {state}");
                effects.HasFlag(PaymentEffects.TakeBack).Should().Be(state == PaymentState.Paid && next != PaymentState.Paid, $"{heard} in {state}");
            }
    }

    [Test]
    public void A_state_or_an_outcome_nobody_listed_is_an_error_and_not_a_guess()
    {
        foreach (var state in Enum.GetValues<PaymentState>())
            FluentActions.Invoking(() => PaymentStates.Next(state, (GatewayOutcome)99)).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => PaymentStates.Next((PaymentState)99, GatewayOutcome.Approved)).Should().Throw<InvalidOperationException>();
    }

    [Test]
    public void States_are_stored_by_a_name_that_reads_back()
    {
        foreach (var state in Enum.GetValues<PaymentState>())
            PaymentStates.Parse(state.ToText()).Should().Be(state);
    }

    static string Drawn()
    {
        var states = Enum.GetValues<PaymentState>();
        var lines = new List<string> { "              " + string.Concat(states.Select(state => state.ToString().PadRight(14))) };
        lines.AddRange(Enum.GetValues<GatewayOutcome>().Select(heard =>
            heard.ToString().PadRight(14) + string.Concat(states.Select(state => Cell(PaymentStates.Next(state, heard)).PadRight(14)))));
        return string.Join('\n', lines.Select(line => line.TrimEnd()));
    }

    static string Cell(Transition to) => to.Next + string.Concat(
        new[] { (PaymentEffects.Take, '+'), (PaymentEffects.TakeBack, '-'), (PaymentEffects.ConfirmAmount, '='), (PaymentEffects.AskSoon, '!'), (PaymentEffects.AskLater, '~'), (PaymentEffects.StopAsking, '.') }
            .Where(mark => to.Effects.HasFlag(mark.Item1)).Select(mark => mark.Item2));
}
