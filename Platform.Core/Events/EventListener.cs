using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Platform.Core.Storage;

namespace Platform.Core.Events;

/// <summary>Wakes this host's dispatcher when any host has committed events. A shortcut only: without it they are found by poll.</summary>
internal sealed class EventListener(Database database, Dispatcher dispatcher, DispatchTerms terms, ILogger<EventListener> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var told = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await database.ListenForEvents(
                    () =>
                    {
                        told = false;
                        dispatcher.Wake();
                    },
                    stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception lost) when (lost is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
            {
                if (!told)
                    log.LogWarning("No notifications of events now ({Reason}); they are looked for every {Poll} s until it listens again.", lost.Message, terms.Poll.TotalSeconds);
                told = true;
                await Task.Delay(terms.Reconnect, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
