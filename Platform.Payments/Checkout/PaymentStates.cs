namespace Platform.Payments.Checkout;

/// <summary>Where a payment stands.</summary>
public enum PaymentState
{
    /// <summary>Handed to the browser; the bank has not been heard of yet.</summary>
    Prepared,

    /// <summary>The bank knows the order.</summary>
    AtBank,

    /// <summary>The bank answers, but not clearly; it is asked again.</summary>
    Unknown,
    Paid,
    Failed,

    /// <summary>The bank never got the order, or let it run out.</summary>
    Expired,

    /// <summary>Was paid, and the bank took it back.</summary>
    Reversed,
}

/// <summary>What follows from a fact, besides the next state.</summary>
[Flags]
internal enum PaymentEffects
{
    None = 0,

    /// <summary>The dues become paid, and the services are told.</summary>
    Take = 1,

    /// <summary>The dues become open again, and the services are told.</summary>
    TakeBack = 2,

    /// <summary>The amount taken is now known for certain.</summary>
    ConfirmAmount = 4,

    /// <summary>Ask the gateway within seconds.</summary>
    AskSoon = 8,

    /// <summary>Ask the gateway again, at growing distances.</summary>
    AskLater = 16,

    /// <summary>There is nothing more to ask.</summary>
    StopAsking = 32,
}

internal readonly record struct Transition(PaymentState Next, PaymentEffects Effects);

/// <summary>
/// The payment's state machine: a pure, total table of (state, outcome). Late success beats earlier failure; a reversal beats success;
/// nothing undoes a success but a reversal.
/// </summary>
internal static class PaymentStates
{
    public static Transition Next(PaymentState state, GatewayOutcome heard) => state switch
    {
        PaymentState.Prepared or PaymentState.AtBank or PaymentState.Unknown => heard switch
        {
            GatewayOutcome.Registered => new(PaymentState.AtBank, PaymentEffects.AskLater),
            GatewayOutcome.Approved => new(PaymentState.Paid, PaymentEffects.Take | PaymentEffects.AskSoon),
            GatewayOutcome.Completed => new(PaymentState.Paid, PaymentEffects.Take | PaymentEffects.ConfirmAmount | PaymentEffects.StopAsking),
            GatewayOutcome.Refused or GatewayOutcome.Abandoned => new(PaymentState.Failed, PaymentEffects.StopAsking),
            // Taken and given back before we heard of it: in the end nothing was paid.
            GatewayOutcome.Reversed => new(PaymentState.Failed, PaymentEffects.StopAsking),
            GatewayOutcome.Expired or GatewayOutcome.NeverArrived => new(PaymentState.Expired, PaymentEffects.StopAsking),
            GatewayOutcome.NotFound => new(state, PaymentEffects.AskLater),
            GatewayOutcome.Undetermined => new(PaymentState.Unknown, PaymentEffects.AskLater),
            _ => throw Unlisted(state, heard),
        },
        PaymentState.Failed or PaymentState.Expired => heard switch
        {
            GatewayOutcome.Approved => new(PaymentState.Paid, PaymentEffects.Take | PaymentEffects.AskSoon),
            GatewayOutcome.Completed => new(PaymentState.Paid, PaymentEffects.Take | PaymentEffects.ConfirmAmount | PaymentEffects.StopAsking),
            GatewayOutcome.Registered or GatewayOutcome.Refused or GatewayOutcome.Abandoned or GatewayOutcome.Reversed or GatewayOutcome.Expired
                or GatewayOutcome.NotFound or GatewayOutcome.NeverArrived or GatewayOutcome.Undetermined => new(state, PaymentEffects.StopAsking),
            _ => throw Unlisted(state, heard),
        },
        PaymentState.Paid => heard switch
        {
            GatewayOutcome.Completed => new(PaymentState.Paid, PaymentEffects.ConfirmAmount | PaymentEffects.StopAsking),
            GatewayOutcome.Reversed => new(PaymentState.Reversed, PaymentEffects.TakeBack | PaymentEffects.StopAsking),
            GatewayOutcome.Approved or GatewayOutcome.Registered or GatewayOutcome.Refused or GatewayOutcome.Abandoned or GatewayOutcome.Expired
                or GatewayOutcome.NotFound or GatewayOutcome.NeverArrived or GatewayOutcome.Undetermined => new(PaymentState.Paid, PaymentEffects.AskLater),
            _ => throw Unlisted(state, heard),
        },
        PaymentState.Reversed => heard switch
        {
            GatewayOutcome.Registered or GatewayOutcome.Approved or GatewayOutcome.Completed or GatewayOutcome.Refused or GatewayOutcome.Abandoned or GatewayOutcome.Reversed
                or GatewayOutcome.Expired or GatewayOutcome.NotFound or GatewayOutcome.NeverArrived or GatewayOutcome.Undetermined => new(PaymentState.Reversed, PaymentEffects.StopAsking),
            _ => throw Unlisted(state, heard),
        },
        _ => throw Unlisted(state, heard),
    };

    /// <summary>When to ask next, after <paramref name="asked"/> queries: minutes at first, then hours, for as long as the answer is owed.</summary>
    public static TimeSpan Later(int asked) => asked switch
    {
        0 => TimeSpan.FromMinutes(2),
        1 => TimeSpan.FromMinutes(3),
        2 => TimeSpan.FromMinutes(5),
        3 => TimeSpan.FromMinutes(10),
        4 => TimeSpan.FromMinutes(20),
        < 30 => TimeSpan.FromHours(1),
        _ => TimeSpan.FromHours(6),
    };

    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(3);

    public static string ToText(this PaymentState state) => state switch
    {
        PaymentState.Prepared => "prepared",
        PaymentState.AtBank => "at_bank",
        PaymentState.Unknown => "unknown",
        PaymentState.Paid => "paid",
        PaymentState.Failed => "failed",
        PaymentState.Expired => "expired",
        PaymentState.Reversed => "reversed",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    public static PaymentState Parse(string text) =>
        Enum.GetValues<PaymentState>().Cast<PaymentState?>().FirstOrDefault(state => state!.Value.ToText() == text)
        ?? throw new FormatException($"No payment state: {text}.");

    static InvalidOperationException Unlisted(PaymentState state, GatewayOutcome heard) => new($"The state machine has no answer for {heard} in {state}.");
}
