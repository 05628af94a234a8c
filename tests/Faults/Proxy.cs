using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Portico.Faults;

/// <summary>What one connection carries. It sees the bytes before they are let through, and may hold them back or end everything.</summary>
internal interface ILine
{
    /// <summary>How many of these bytes, which nobody has had yet, may go to the server. Negative: none, ever.</summary>
    int ToServer(ReadOnlySpan<byte> bytes);

    /// <summary>The same for bytes on their way to the client.</summary>
    int ToClient(ReadOnlySpan<byte> bytes);
}

/// <summary>Stands between a client and a server on this machine, and does what networks do.</summary>
/// <param name="server">Where the server is now; null while there is none, which clients see as a refusal.</param>
internal sealed class Proxy : IAsyncDisposable
{
    readonly Socket _door = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly ConcurrentDictionary<Link, byte> _links = new();
    readonly Func<EndPoint?> _server;
    readonly Func<ILine> _line;
    readonly Task _accepting;

    public Proxy(Func<EndPoint?> server, Func<ILine> line)
    {
        (_server, _line) = (server, line);
        _door.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _door.Listen(256);
        _accepting = Accept();
    }

    public int Port => ((IPEndPoint)_door.LocalEndPoint!).Port;

    /// <summary>Every chunk waits this long in both directions.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Ends every connection in order.</summary>
    public void Cut() => All(link => link.Close());

    /// <summary>Ends every connection with a reset: both sides see an error, not an end.</summary>
    public void Reset() => All(link => link.Reset());

    /// <summary>Every connection breaks off after this many more bytes, wherever in a message that is.</summary>
    public void BreakAfter(int bytes) => All(link => link.Allowance = bytes);

    /// <summary>Every connection stays open and carries nothing more. A server does not even notice that its client dies.</summary>
    public void Freeze() => All(link => link.Frozen = true);

    /// <summary>What was frozen ends.</summary>
    public void Thaw() => All(link =>
    {
        if (link.Frozen)
            link.Reset();
    });

    void All(Action<Link> what)
    {
        foreach (var link in _links.Keys)
            what(link);
    }

    async Task Accept()
    {
        try
        {
            while (true)
                _ = Serve(await _door.AcceptAsync());
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            return;
        }
    }

    async Task Serve(Socket client)
    {
        Socket? server = null;
        try
        {
            var place = _server() ?? throw new SocketException((int)SocketError.ConnectionRefused);
            server = place is UnixDomainSocketEndPoint
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await server.ConnectAsync(place);
            client.NoDelay = true;
        }
        catch (SocketException)
        {
            client.Close(0);
            server?.Dispose();
            return;
        }
        var link = new Link(this, client, server, _line());
        _links[link] = 0;
        await link.Run();
        _links.TryRemove(link, out _);
    }

    public async ValueTask DisposeAsync()
    {
        _door.Dispose();
        await _accepting;
        Reset();
    }

    sealed class Link(Proxy proxy, Socket client, Socket server, ILine line)
    {
        readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Frozen { get; set; }

        /// <summary>How many bytes may still pass; negative for any number.</summary>
        public int Allowance { get; set; } = -1;

        public async Task Run()
        {
            _ = Pump(client, server, line.ToServer);
            _ = Pump(server, client, line.ToClient);
            await _over.Task;
        }

        public void Close()
        {
            client.Dispose();
            server.Dispose();
            _over.TrySetResult();
        }

        public void Reset()
        {
            client.Close(0);
            server.Close(0);
            _over.TrySetResult();
        }

        async Task Pump(Socket from, Socket to, Judge judge)
        {
            var held = new ArrayBufferWriter<byte>(16 * 1024);
            try
            {
                while (true)
                {
                    var read = await from.ReceiveAsync(held.GetMemory(16 * 1024));
                    if (Frozen)
                        return;
                    if (read == 0)
                        break;
                    held.Advance(read);
                    var pass = judge(held.WrittenSpan);
                    if (Frozen)
                        return;
                    if (pass < 0)
                        break;
                    if (proxy.Delay > TimeSpan.Zero)
                        await Task.Delay(proxy.Delay);
                    if (Allowance >= 0 && pass >= Allowance)
                    {
                        await to.SendAsync(held.WrittenMemory[..Allowance]);
                        Reset();
                        return;
                    }
                    Allowance = Allowance < 0 ? -1 : Allowance - pass;
                    for (var sent = 0; sent < pass;)
                        sent += await to.SendAsync(held.WrittenMemory[sent..pass]);
                    var rest = held.WrittenSpan[pass..].ToArray();
                    held.ResetWrittenCount();
                    held.Write(rest);
                }
            }
            catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
            {
                if (Frozen)
                    return;
            }
            Close();
        }

        delegate int Judge(ReadOnlySpan<byte> bytes);
    }
}
