using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Platform.Core.Plugins;

/// <summary>What of a service is paused by itself, while the rest of it goes on.</summary>
internal enum ServiceWork
{
    Pages,
    Reactions,
    Jobs,
}

/// <summary>How long a service's work may take and how much of it runs at once. Seconds in <c>PORTICO_Limits__Page</c>, <c>__Reaction</c> and <c>__Job</c>.</summary>
internal sealed record ServiceLimits
{
    /// <summary>A page's handler with every command it sends. Below the 15 seconds of a statement, so that it is the page that ends and not only its statement.</summary>
    public TimeSpan Page { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A reaction. Not above PostgreSQL's patience with an idle transaction, which is 10 seconds.</summary>
    public TimeSpan Reaction { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>One run of a job for one entity.</summary>
    public TimeSpan Job { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What an officer asked for as a file, which may be a whole register: each of its statements has the limit of the database, and all of them together this.</summary>
    public TimeSpan Extract { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What ignores its limit is left behind this much later. It keeps its place until it ends.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Calls of one service at once; with the default pool of 100 connections three of them that hang leave some for the others.</summary>
    public int Places { get; init; } = 32;

    /// <summary>How long a call waits for a place.</summary>
    public TimeSpan ForPlace { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Of(ServiceWork work) => work switch
    {
        ServiceWork.Pages => Page,
        ServiceWork.Reactions => Reaction,
        _ => Job,
    };
}

/// <summary>A part of a service does not answer now: it is paused, has no place free, or took too long. Nothing of another service is concerned.</summary>
internal sealed class ServiceUnavailableException(string message, TimeSpan retryAfter, Exception? cause = null) : Exception(message, cause)
{
    public TimeSpan RetryAfter { get; } = retryAfter;

    /// <summary>What was asked for took longer than this; null where it was not begun.</summary>
    public TimeSpan? TookLongerThan { get; init; }
}

/// <summary>The gates of every service, one for each kind of its work.</summary>
internal sealed class ServiceGates(ServiceLimits limits, TimeProvider clock, ILogger<ServiceGates> log)
{
    readonly ConcurrentDictionary<(string Service, ServiceWork Work), ServiceGate> _gates = new();

    public ServiceGate Of(string service, ServiceWork work) => _gates.GetOrAdd((service, work), key => new(key.Service, key.Work, limits, clock, log));

    /// <summary>What is paused now, in words, for those who watch the host.</summary>
    public IReadOnlyList<string> Paused() => [.. _gates.Values.Select(gate => gate.Pause).OfType<string>().Order(StringComparer.Ordinal)];
}

/// <summary>
/// Lets calls into one kind of a service's work: bounded in number (bulkhead) and time, and none for a while after a burst of faults (circuit breaker).
/// Whatever the service's code does, its caller has an answer and keeps its own thread.
/// </summary>
/// <remarks>Expected refusals, citizens who leave and a database that cannot do it now are nobody's fault and are not counted.</remarks>
#pragma warning disable CA1001 // The semaphore holds nothing to free, and what was left behind may release it after the host's end.
internal sealed class ServiceGate(string service, ServiceWork work, ServiceLimits limits, TimeProvider clock, ILogger log)
{
    readonly SemaphoreSlim _places = new(limits.Places, limits.Places);
    readonly Breaker _breaker = new(clock);

#pragma warning restore CA1001

    /// <summary>Whether a call would be refused now. Asking is not trying.</summary>
    public bool IsPaused => _breaker.Wait > TimeSpan.Zero || _places.CurrentCount == 0;

    /// <summary>Why and until when it is paused; null when it is not.</summary>
    public string? Pause => _breaker.PausedUntil is { } until
        ? string.Create(CultureInfo.InvariantCulture, $"paused: {Name}: {_breaker.Story}; the next try is at {until:HH:mm:ss} UTC")
        : null;

    string Name => $"{service} {work.ToString().ToLowerInvariant()}";

    /// <summary>Does <paramref name="call"/> within the limit of its kind, on another thread, and then <paramref name="after"/> on the caller's, which has no limit of its own.</summary>
    /// <param name="stop">The caller gives up; that is no fault of the service.</param>
    /// <exception cref="ServiceUnavailableException">It was not called, or not to its end.</exception>
    /// <param name="limit">Another limit than that of its kind.</param>
    public async Task<T> Run<T>(Func<CancellationToken, Task<T>> call, Func<T, Task>? after, CancellationToken stop, TimeSpan? limit = null)
    {
        var mayTake = limit ?? limits.Of(work);
        if (_breaker.Enter(out var trial) is { } wait)
            throw new ServiceUnavailableException($"The service's {Name} are paused.", wait);
        var verdict = Verdict.Nothing;
        Task<T>? running = null;
        CancellationTokenSource? cut = null;
        try
        {
            if (!await _places.WaitAsync(limits.ForPlace, stop))
                throw new ServiceUnavailableException($"The service's {Name} have no place free.", limits.ForPlace);
            cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
            cut.CancelAfter(mayTake);
            running = Task.Run(() => Limited(call, mayTake, cut.Token), CancellationToken.None);
            var result = await running.WaitAsync(mayTake + limits.Grace, CancellationToken.None);
            if (after is not null)
                await after(result);
            verdict = Verdict.Well;
            return result;
        }
        catch (Exception wrong) when (running is not null && !stop.IsCancellationRequested && (!running.IsCompleted || cut!.IsCancellationRequested))
        {
            verdict = Verdict.Fault;
            throw new ServiceUnavailableException(
                string.Create(CultureInfo.InvariantCulture, $"The service's {Name} took longer than {mayTake.TotalSeconds:0.###} seconds{(running.IsCompleted ? "" : " and do not stop when asked")}."),
                Breaker.PauseFor, wrong) { TookLongerThan = mayTake };
        }
        catch (Exception wrong)
        {
            verdict = running is null || IsNobodysFault(wrong, stop) ? Verdict.Nothing : Verdict.Fault;
            throw;
        }
        finally
        {
            if (_breaker.Leave(verdict, trial) is { } change)
                Tell(change);
            if (verdict == Verdict.Fault)
                PorticoMeters.ServiceFaults.Add(1, Tags());
            if (running is { IsCompleted: false })
                _ = running.ContinueWith(left => Free(left, cut), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            else if (running is not null)
                Free(running, cut);
        }
    }

    async Task<T> Limited<T>(Func<CancellationToken, Task<T>> call, TimeSpan limit, CancellationToken cut)
    {
        TimeLimit.Begin(ModuleRoles.Of(service), limit, cut);
        return await call(cut);
    }

    void Free(Task ended, CancellationTokenSource? cut)
    {
        // Looked at, so that what was left behind does not come back as an unobserved exception.
        _ = ended.Exception;
        cut?.Dispose();
        _places.Release();
    }

    static bool IsNobodysFault(Exception wrong, CancellationToken stop) =>
        stop.IsCancellationRequested || NotPermittedException.Explains(wrong) || wrong is ServiceUnavailableException or TransientStorageException { Trouble: not StorageTrouble.StatementTooSlow };

    void Tell(BreakerChange change)
    {
        PorticoMeters.ServicesPaused.Add(change switch { BreakerChange.Opened => 1, BreakerChange.Closed => -1, _ => 0 }, Tags());
        if (change == BreakerChange.Closed)
            log.LogWarning("The service's {Work} go on again.", Name);
        else
            log.LogError("The service's {Work} are paused for {Seconds} seconds: {Story}.", Name, Breaker.PauseFor.TotalSeconds, _breaker.Story);
    }

    KeyValuePair<string, object?>[] Tags() => [new("service", service), new("work", work.ToString().ToLowerInvariant())];
}

internal enum Verdict
{
    /// <summary>Says nothing about the service.</summary>
    Nothing,
    Well,
    Fault,
}

internal enum BreakerChange
{
    Opened,
    StillOpen,
    Closed,
}

/// <summary>Counts faults of the last half minute. After a burst nobody enters until the pause is over; then one call tries, and its end decides.</summary>
internal sealed class Breaker(TimeProvider clock)
{
    const int Burst = 10;
    const int WindowSeconds = 30;

    public static readonly TimeSpan PauseFor = TimeSpan.FromSeconds(30);

    readonly Lock _turn = new();
    readonly int[] _calls = new int[WindowSeconds];
    readonly int[] _faults = new int[WindowSeconds];
    long _second;
    DateTimeOffset? _pausedUntil;
    bool _trying;

    /// <summary>When it is paused: the instant of the next try, which may be past already.</summary>
    public DateTimeOffset? PausedUntil
    {
        get
        {
            lock (_turn)
                return _pausedUntil;
        }
    }

    /// <summary>What made it pause.</summary>
    public string Story { get; private set; } = "";

    /// <summary>How long nobody may enter; zero when somebody may.</summary>
    public TimeSpan Wait
    {
        get
        {
            lock (_turn)
                return WaitNow();
        }
    }

    /// <summary>Null when the call may go on: then <see cref="Leave"/> must follow. Otherwise how long to wait.</summary>
    public TimeSpan? Enter(out bool trial)
    {
        lock (_turn)
        {
            trial = false;
            if (WaitNow() is { Ticks: > 0 } wait)
                return wait;
            trial = _trying = _pausedUntil is not null;
            return null;
        }
    }

    public BreakerChange? Leave(Verdict verdict, bool trial)
    {
        lock (_turn)
        {
            if (trial)
                _trying = false;
            if (verdict == Verdict.Nothing)
                return null;
            if (trial)
                return verdict == Verdict.Well ? Close() : Open(BreakerChange.StillOpen);
            // What entered before the pause began has its say no more.
            if (_pausedUntil is not null)
                return null;
            Forget();
            var slot = _second % WindowSeconds;
            _calls[slot]++;
            if (verdict == Verdict.Well)
                return null;
            _faults[slot]++;
            var (faults, calls) = (_faults.Sum(), _calls.Sum());
            if (faults < Burst || faults * 2 < calls)
                return null;
            Story = string.Create(CultureInfo.InvariantCulture, $"{faults} of {calls} calls failed within {WindowSeconds} seconds");
            return Open(BreakerChange.Opened);
        }
    }

    TimeSpan WaitNow()
    {
        if (_pausedUntil is not { } until)
            return TimeSpan.Zero;
        var left = until - clock.GetUtcNow();
        return left > TimeSpan.Zero ? left : _trying ? TimeSpan.FromSeconds(1) : TimeSpan.Zero;
    }

    BreakerChange Open(BreakerChange change)
    {
        _pausedUntil = clock.GetUtcNow() + PauseFor;
        return change;
    }

    BreakerChange Close()
    {
        _pausedUntil = null;
        Array.Clear(_calls);
        Array.Clear(_faults);
        return BreakerChange.Closed;
    }

    void Forget()
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        for (var gone = Math.Max(_second + 1, now - WindowSeconds + 1); gone <= now; gone++)
            _calls[gone % WindowSeconds] = _faults[gone % WindowSeconds] = 0;
        _second = Math.Max(_second, now);
    }
}
