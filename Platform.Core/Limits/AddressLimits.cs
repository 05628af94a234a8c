using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Platform.Core.Hosting;

namespace Platform.Core.Limits;

/// <summary>
/// How often one address may do something, counted by each host for itself: so many at once, and again as time passes. Addresses stay in memory and are forgotten there.
/// </summary>
internal sealed class AddressLimits(PorticoOptions options, TimeProvider clock)
{
    /// <summary>Beyond so many addresses at once those that are new share one count: a flood must not fill the memory.</summary>
    public const int MostAddresses = 100_000;

    readonly Lock _lock = new();

    // Until when each is used up, by the generic cell rate algorithm: one moment says all.
    readonly Dictionary<(string What, UInt128 Address), DateTimeOffset> _usedUntil = [];

    /// <summary>Counts one more. Null when it may go on; otherwise how long to wait, for which nothing was counted.</summary>
    public TimeSpan? Count(HttpContext http, string what, int most, TimeSpan within)
    {
        // From this machine itself: who has not named its proxy must not take all citizens for one.
        if (AddressOf(http) is not { } address || IPAddress.IsLoopback(address))
            return null;
        var now = clock.GetUtcNow();
        var each = within / most;
        lock (_lock)
        {
            var key = (what, NetworkOf(address));
            if (!_usedUntil.ContainsKey(key) && _usedUntil.Count >= MostAddresses)
            {
                foreach (var (old, until) in _usedUntil)
                    if (until <= now)
                        _usedUntil.Remove(old);
                if (_usedUntil.Count >= MostAddresses)
                    key = (what, UInt128.MaxValue);
            }
            var used = _usedUntil.GetValueOrDefault(key, now);
            var next = (used > now ? used : now) + each;
            if (next - now > within)
            {
                PorticoMeters.Limited.Add(1, new KeyValuePair<string, object?>("by", "address"), new("of", what));
                return next - now - within;
            }
            _usedUntil[key] = next;
            return null;
        }
    }

    /// <summary>Who sent the request: the last address that no proxy of ours stands behind. What a stranger writes into the header is never asked.</summary>
    IPAddress? AddressOf(HttpContext http)
    {
        var address = Plain(http.Connection.RemoteIpAddress);
        var behind = http.Request.Headers["X-Forwarded-For"].SelectMany(line => (line ?? "").Split(',')).Reverse();
        foreach (var hop in behind)
        {
            if (address is null || !IsProxy(address))
                break;
            // Some proxies write the port too.
            if (!IPEndPoint.TryParse(hop.Trim(), out var before))
                break;
            address = Plain(before.Address);
        }
        return address;
    }

    bool IsProxy(IPAddress address) => options.Proxies.Any(proxy => proxy.Contains(address));

    static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    /// <summary>An IPv4 address; of an IPv6 address the first 64 bits, which is what one household or office has.</summary>
    static UInt128 NetworkOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            // 2002::/16 is given to nobody any more, so that no IPv6 network is mistaken for it.
            address.TryWriteBytes(bytes[2..], out _);
            (bytes[0], bytes[1]) = (0x20, 0x02);
        }
        else
        {
            address.TryWriteBytes(bytes, out _);
            bytes[8..].Clear();
        }
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
