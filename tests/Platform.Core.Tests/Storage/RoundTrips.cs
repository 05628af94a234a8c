using System.Net.Sockets;
using Npgsql;

namespace Platform.Core.Tests.Storage;

/// <summary>Stands between a host and PostgreSQL and counts how often the host had to wait for an answer before it could go on.</summary>
internal sealed class RoundTrips : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("portico-wire-").FullName;
    readonly Socket _door = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    readonly CancellationTokenSource _stop = new();
    readonly Lock _counting = new();
    readonly Task _accepting;
    bool _serverSpokeLast = true;
    int _count;

    public RoundTrips(string connection)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection);
        var real = $"{settings.Host}/.s.PGSQL.{settings.Port}";
        _door.Bind(new UnixDomainSocketEndPoint($"{_folder}/.s.PGSQL.{settings.Port}"));
        _door.Listen();
        settings.Host = _folder;
        Connection = settings.ConnectionString;
        _accepting = Accept(real);
    }

    public string Connection { get; }

    public async Task<int> Of(Func<Task> work)
    {
        lock (_counting)
            _count = 0;
        await work();
        lock (_counting)
            return _count;
    }

    async Task Accept(string real)
    {
        try
        {
            while (true)
            {
                var host = await _door.AcceptAsync(_stop.Token);
                var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await server.ConnectAsync(new UnixDomainSocketEndPoint(real), _stop.Token);
                _ = Carry(host, server, fromHost: true);
                _ = Carry(server, host, fromHost: false);
            }
        }
        catch (OperationCanceledException)
        {
            _door.Dispose();
        }
    }

    async Task Carry(Socket from, Socket to, bool fromHost)
    {
        var buffer = new byte[65536];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var read)
            {
                lock (_counting)
                {
                    // A new question after an answer: that is what a round trip is.
                    if (fromHost && _serverSpokeLast)
                        _count++;
                    _serverSpokeLast = !fromHost;
                }
                await to.SendAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            from.Dispose();
        }
        to.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
