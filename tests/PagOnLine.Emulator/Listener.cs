using System.Globalization;

namespace PagOnLine.Emulator;

/// <summary>Tells the shop's server about changes of state: one call after the other for each order, tried again while the shop does not answer 200.</summary>
internal sealed class Listener(Merchant merchant, Journal journal, BankClock clock, HttpClient http, IReadOnlyList<TimeSpan> retries) : IHostedService, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task> _lastCall = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private string? _address;

    public string? Address
    {
        get => Volatile.Read(ref _address);
        set => Volatile.Write(ref _address, value);
    }

    public void Tell(Order order, string before, string now, Lie lie)
    {
        if (Address is not { } address)
        {
            return;
        }

        var lies = lie.Listener ?? new ListenerLie();
        var call = new Call(order.Number, before, lies.State ?? now, Request(address, order, before, lies.State ?? now, lies), lies);
        lock (_lock)
        {
            _lastCall[order.Number] = InTurn(_lastCall.GetValueOrDefault(order.Number, Task.CompletedTask), call);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        Task[] calls;
        lock (_lock)
        {
            calls = [.. _lastCall.Values];
        }

        await Task.WhenAll(calls).WaitAsync(cancellationToken);
    }

    public void Dispose() => _stopping.Dispose();

    private Uri Request(string address, Order order, string before, string now, ListenerLie lie)
    {
        var query = new Uri(address).Query.TrimStart('?');
        List<Field> signed =
        [
            .. Wire.Decode(query),
            new("tipomessaggio", "PAYMENT_STATE"),
            new("datacreazione", clock.Text(clock.Now, "dd.MM.yyyy HH:mm:ss")),
            new("numeroCommerciante", merchant.Number),
            new("stabilimento", merchant.Shop),
            new("numeroOrdine", order.Number),
            new("statoprecedente", before),
            new("statoattuale", now),
            new("descrizione", "CAMBIO DI STATO"),
        ];
        var mac = Mac.Of(Wire.Plain(signed) + (lie.Forge ? "0" : ""), lie.OtherSecret ? "not " + merchant.Secret : merchant.Secret);
        return new UriBuilder(address) { Query = Wire.Encode([.. signed, new Field("MAC", mac)]) }.Uri;
    }

    private async Task InTurn(Task earlier, Call call)
    {
        // Never on the thread of the buyer's request: the bank answers the browser whatever the shop's server does.
        await Task.Yield();
        await earlier;
        try
        {
            if (call.Lie.Drop)
            {
                Note("listener-dropped", call);
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(call.Lie.DelayMs), clock.Time, _stopping.Token);
            for (var time = 0; time <= call.Lie.Repeat; time++)
            {
                await UntilHeard(call);
            }
        }
        catch (OperationCanceledException)
        {
            Note("listener-unfinished", call);
        }
    }

    private async Task UntilHeard(Call call)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await Send(call.Request);
            if (answer == "200")
            {
                Note("listener-told", call, answer, attempt);
                return;
            }

            Note("listener-failed", call, answer, attempt);
            if (attempt > retries.Count)
            {
                Note("listener-gave-up", call, answer, attempt);
                return;
            }

            await Task.Delay(retries[attempt - 1], clock.Time, _stopping.Token);
        }
    }

    private async Task<string> Send(Uri request)
    {
        try
        {
            using var response = await http.GetAsync(request, _stopping.Token);
            return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException failure)
        {
            return failure.HttpRequestError.ToString();
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            return "no answer in time";
        }
    }

    private void Note(string kind, Call call, string? answer = null, int? attempt = null)
    {
        var detail = new Dictionary<string, string>(StringComparer.Ordinal) { ["before"] = call.Before };
        if (answer is not null)
        {
            detail["answer"] = answer;
        }

        if (attempt is { } count)
        {
            detail["attempt"] = count.ToString(CultureInfo.InvariantCulture);
        }

        journal.Append(new JournalEntry(clock.Now, call.Order, kind, AmountCents: null, call.Now, detail));
    }

    private sealed record Call(string Order, string Before, string Now, Uri Request, ListenerLie Lie);
}
