using Platform.Core.Commands;

namespace Platform.Payments;

/// <summary>Tells whether the bank of the call's creditor answers just now, to be shown before anybody types anything: draw a <see cref="GatewayNotice"/>.</summary>
/// <remarks>
/// From the outcomes of real questions on all hosts, a few seconds old at most; the bank itself is not asked. It is silent after two questions in a row without an answer, until
/// one is answered or ten minutes have passed without another. A payment may succeed all the same, so that nothing is refused for it.
/// </remarks>
public sealed record CheckGateway : ICommand<GatewayReport>;

/// <summary>How the bank answers.</summary>
/// <param name="SilentSince">The first of the questions that it left unanswered; null when nothing is known against it.</param>
public sealed record GatewayReport(DateTimeOffset? SilentSince);
