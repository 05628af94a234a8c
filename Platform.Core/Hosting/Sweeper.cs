using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.Core.Hosting;

/// <summary>Background work that looks in the database for what is due: woken in this process, and by poll for what others left behind.</summary>
internal abstract class Sweeper(ILogger log) : BackgroundService
{
    static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    readonly SemaphoreSlim _wake = new(0, 1);
    readonly SemaphoreSlim _turn = new(1, 1);

    protected abstract string Name { get; }

    /// <summary>How long nobody's call is waited for before it looks by itself. Of machine time.</summary>
    protected virtual TimeSpan Poll => Second;

    /// <summary>Does what is due now and answers how much that was.</summary>
    protected abstract Task<int> SweepOnce(CancellationToken stop);

    /// <summary>There may be work: look at once instead of at the next poll.</summary>
    public void Wake()
    {
        try
        {
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another caller woke it between the look and the release: it is awake, which is all that was wanted.
            return;
        }
    }

    /// <summary>One sweep, after any that is under way in this process.</summary>
    public async Task<int> Sweep(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        try
        {
            return await SweepOnce(stop);
        }
        finally
        {
            _turn.Release();
            PorticoMeters.Sweeps.Record(System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("sweep", Name));
        }
    }

    /// <summary>Until somebody calls <see cref="Wake"/>, or it is time to look anyway.</summary>
    protected Task Woken(CancellationToken stop) => _wake.WaitAsync(Poll, stop);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Sweep(stoppingToken);
                await Woken(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception wrong)
            {
                log.LogError(wrong, "Sweep of {Name} failed; the next one is in a second.", Name);
                await Task.Delay(Second, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        _turn.Dispose();
        base.Dispose();
    }
}
