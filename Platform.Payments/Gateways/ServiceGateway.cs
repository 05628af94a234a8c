using System.Text;
using Microsoft.Extensions.Logging;

namespace Platform.Payments.Gateways;

/// <summary>
/// A service's gateway, held to what the contract says: whatever it throws, and however long it takes, its caller has an answer, and the payments of other gateways go on.
/// </summary>
#pragma warning disable CA1001 // The semaphore holds nothing to free, and what was left behind may release it after the host's end.
internal class ServiceGateway : IPaymentGateway
{
    static readonly TimeSpan MayCall = TimeSpan.FromSeconds(6);
    static readonly TimeSpan MayThink = TimeSpan.FromSeconds(2);

    readonly IPaymentGateway _inner;
    readonly string _service;
    readonly ILogger _log;
    // What never ends keeps its place: a gateway that hangs holds so many threads and no more.
    readonly SemaphoreSlim _places = new(16, 16);
#pragma warning restore CA1001

    protected ServiceGateway(IPaymentGateway inner, string service, ILogger log)
    {
        (_inner, _service, _log) = (inner, service, log);
        Id = Now(() => inner.Id, "Id");
    }

    public string Id { get; }

    /// <summary>What the inner one can do besides, its wrapping can.</summary>
    public static ServiceGateway Around(IPaymentGateway inner, string service, ILogger log) => inner switch
    {
        IOpeningGateway opening and IRefundingGateway refunding => new OpeningRefundingServiceGateway(opening, refunding, service, log),
        IOpeningGateway opening => new OpeningServiceGateway(opening, service, log),
        IRefundingGateway refunding => new RefundingServiceGateway(refunding, service, log),
        _ => new ServiceGateway(inner, service, log),
    };

    public Uri Prepare(GatewayOrder order, AgreementTerms terms) => Now(() => _inner.Prepare(order, terms) is { IsAbsoluteUri: true } address && address.Scheme is "https" or "http"
        ? address
        : throw new InvalidOperationException("It names no address to pay at."), "Prepare");

    public string? OrderNumberIn(GatewayMessage message) => NowOr(() => _inner.OrderNumberIn(message), null, "OrderNumberIn");

    public GatewayFact Read(GatewayMessage message, AgreementTerms terms) => message.Channel is "query" or "open" && message.Raw.AsSpan().StartsWith("unreachable="u8)
        ? new(true, false, GatewayOutcome.Undetermined, null)
        : NowOr(() => _inner.Read(message, terms) is { Taken: not { Cents: <= 0 } } fact && Enum.IsDefined(fact.Outcome) ? fact : Nothing, Nothing, "Read");

    public Task<GatewayMessage> Ask(GatewayOrder order, AgreementTerms terms, CancellationToken stop) => Called(limit => _inner.Ask(order, terms, limit), "query", "Ask", stop);

    public IEnumerable<string> Origins(AgreementTerms terms) => Now(() => _inner.Origins(terms).Select(origin => new Uri(origin).GetLeftPart(UriPartial.Authority)).ToList(), "Origins");

    static readonly GatewayFact Nothing = new(false, false, GatewayOutcome.Undetermined, null);

    protected async Task<GatewayMessage> Called(Func<CancellationToken, Task<GatewayMessage>> call, string channel, string what, CancellationToken stop) =>
        await Later(call, new(channel, Encoding.ASCII.GetBytes($"unreachable={what}")), what, stop) is { Raw.Length: < Checkout.GatewayFacts.MostBytes } answer
            ? answer with { Channel = channel }
            : new(channel, "unreachable=TooLong"u8.ToArray());

    /// <exception cref="InvalidOperationException">It threw, or did not end in time: as if the agreement lacked something.</exception>
    T Now<T>(Func<T> call, string what)
    {
        try
        {
            return Later(_ => Task.FromResult(call()), MayThink, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (Exception wrong)
        {
            Complain(wrong, what);
            throw new InvalidOperationException($"The gateway of the service {_service} fails at {what}: {wrong.GetType().Name}.", wrong);
        }
    }

    protected T NowOr<T>(Func<T> call, T otherwise, string what)
    {
        try
        {
            return Now(call, what);
        }
        catch (InvalidOperationException)
        {
            return otherwise;
        }
    }

    async Task<T> Later<T>(Func<CancellationToken, Task<T>> call, T otherwise, string what, CancellationToken stop)
    {
        try
        {
            return await Later(call, MayCall, stop) ?? otherwise;
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            Complain(wrong, what);
            return otherwise;
        }
    }

    async Task<T> Later<T>(Func<CancellationToken, Task<T>> call, TimeSpan limit, CancellationToken stop)
    {
        if (!_places.Wait(0, CancellationToken.None))
            throw new TimeoutException("too many of its calls have not ended");
        // Cut on the machine's clock: a call to a bank takes real time.
        var cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
        cut.CancelAfter(limit);
        var work = Task.Run(async () =>
        {
            try
            {
                return await call(cut.Token);
            }
            finally
            {
                _places.Release();
                cut.Dispose();
            }
        }, CancellationToken.None);
        return await work.WaitAsync(limit + TimeSpan.FromSeconds(1), stop);
    }

    // Its words may quote what it was given: only their kind is told.
    void Complain(Exception wrong, string what) => _log.LogError("The gateway of the service {Service} fails at {What}: {Kind}.", _service, what, wrong.GetType().Name);

    protected Task<RefundAnswer> Answered(Func<CancellationToken, Task<RefundAnswer>> call, string what, CancellationToken stop) =>
        Later(call, new RefundAnswer(RefundOutcome.Undetermined, null), what, stop);
}

internal sealed class OpeningServiceGateway(IOpeningGateway inner, string service, ILogger log) : ServiceGateway(inner, service, log), IOpeningGateway
{
    public Task<GatewayMessage> Open(GatewayOrder order, AgreementTerms terms, CancellationToken stop) => Called(limit => inner.Open(order, terms, limit), "open", "Open", stop);

    public string? Opened(GatewayMessage answer) => NowOr(() => inner.Opened(answer), null, "Opened");
}

internal sealed class RefundingServiceGateway(IRefundingGateway inner, string service, ILogger log) : ServiceGateway(inner, service, log), IRefundingGateway
{
    public Task<RefundAnswer> Refund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) => Answered(limit => inner.Refund(refund, terms, limit), "Refund", stop);

    public Task<RefundAnswer> AskRefund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) => Answered(limit => inner.AskRefund(refund, terms, limit), "AskRefund", stop);
}

internal sealed class OpeningRefundingServiceGateway(IOpeningGateway opening, IRefundingGateway refunding, string service, ILogger log) : ServiceGateway(opening, service, log), IOpeningGateway, IRefundingGateway
{
    public Task<GatewayMessage> Open(GatewayOrder order, AgreementTerms terms, CancellationToken stop) => Called(limit => opening.Open(order, terms, limit), "open", "Open", stop);

    public string? Opened(GatewayMessage answer) => NowOr(() => opening.Opened(answer), null, "Opened");

    public Task<RefundAnswer> Refund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) => Answered(limit => refunding.Refund(refund, terms, limit), "Refund", stop);

    public Task<RefundAnswer> AskRefund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) => Answered(limit => refunding.AskRefund(refund, terms, limit), "AskRefund", stop);
}
