using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Platform.Testing;

/// <summary>The PagOnLine emulator as a process of its own, steered by its control address.</summary>
public sealed class EmulatedBank : IAsyncDisposable
{
    static readonly SemaphoreSlim Starting = new(1, 1);
    static EmulatedBank? _shared;

    readonly Process _process;
    readonly HttpClient _http;

    EmulatedBank(Process process, Uri address, string journal)
    {
        _process = process;
        Address = address;
        JournalFile = journal;
        _http = new HttpClient { BaseAddress = address };
    }

    public Uri Address { get; }

    public string JournalFile { get; }

    /// <summary>One bank for the tests of this process that need none of their own. It goes with the process.</summary>
    public static async Task<EmulatedBank> Shared()
    {
        await Starting.WaitAsync();
        try
        {
            return _shared ??= await Start();
        }
        finally
        {
            Starting.Release();
        }
    }

    /// <param name="mode"><c>classic</c>, or <c>imprese</c> for the bank that is called by SOAP.</param>
    public static async Task<EmulatedBank> Start(string mode = "classic")
    {
        var journal = Path.Combine(Path.GetTempPath(), $"portico-bank-{Guid.NewGuid():n}.jsonl");
        var start = new ProcessStartInfo(Whereabouts.DotNet)
        {
            ArgumentList =
            {
                Whereabouts.Bank,
                "--mode", mode, "--urls", "http://127.0.0.1:0", "--journal", journal, "--listener-retries", "0,0",
                "--die-with-parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            },
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
            if (line.Split(" on ") is [_, var address] && Uri.TryCreate(address.Trim(), UriKind.Absolute, out var uri))
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                return new(process, uri, journal);
            }
        throw new InvalidOperationException("The emulated bank did not start.");
    }

    /// <summary>Where the bank tells of changes of state; null for nowhere.</summary>
    public Task ListenAt(Uri? listener) => Put("control/listener", new { url = listener?.AbsoluteUri });

    /// <summary>Lets the bank lie about one order, or about all with <c>*</c>: see the emulator's README for the members.</summary>
    public Task Lie(string order, object lies) => Put($"control/lies/{order}", lies);

    public async Task TellTruth(string order = "*")
    {
        using var answer = await _http.DeleteAsync(new Uri($"control/lies/{order}", UriKind.Relative));
    }

    public Task BeDown(bool down) => Put("control/down", new { down });

    /// <summary>Moves an order to another state, as an officer at the bank would, and tells the listener.</summary>
    public async Task SetState(string order, string state)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri($"control/orders/{order}/state", UriKind.Relative), new { state });
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Pays like a browser with the test card, and answers the form the bank would send back. Nothing is delivered unless asked for.</summary>
    public async Task<BankReturn> Pay(Uri checkout, bool deliver = false, bool cancel = false)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri("control/pay", UriKind.Relative), new { url = checkout.AbsoluteUri, deliver, cancel });
        answer.EnsureSuccessStatusCode();
        var json = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
        return new((string)json["order"]!, (string)json["state"]!, new Uri((string)json["target"]!), (string)json["body"]!);
    }

    /// <summary>Opens the checkout like a browser that then waits: the bank knows the order, and nothing is decided.</summary>
    public async Task Present(Uri checkout)
    {
        using var page = await _http.GetAsync(checkout);
        page.EnsureSuccessStatusCode();
    }

    /// <summary>All orders as they stand.</summary>
    public async Task<IReadOnlyList<BankOrder>> Orders() =>
        (await _http.GetFromJsonAsync<List<BankOrder>>(new Uri("control/orders", UriKind.Relative)))!;

    /// <summary>Returns when the bank has nothing more to tell its listener about an order: its calls come when they come.</summary>
    public async Task HasTold(string order)
    {
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(20); await Task.Delay(10))
        {
            var kinds = (await Journal()).Where(entry => (string?)entry["order"] == order).Select(entry => (string?)entry["kind"]).ToList();
            var toTell = kinds.Count(kind => kind is "registered" or "taken" or "refused" or "abandoned" or "moved");
            if (kinds.Count(kind => kind is "listener-told" or "listener-dropped" or "listener-gave-up" or "listener-unfinished") >= toTell)
                return;
        }
        throw new InvalidOperationException($"The bank has not told all it has to tell about {order}.");
    }

    /// <summary>Everything the bank did, in order.</summary>
    public async Task<IReadOnlyList<JsonObject>> Journal()
    {
        var text = await _http.GetStringAsync(new Uri("control/journal", UriKind.Relative));
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonObject>(line)!)];
    }

    async Task Put(string path, object body)
    {
        using var answer = await _http.PutAsJsonAsync(new Uri(path, UriKind.Relative), body);
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException($"The bank's control refused {path}: {await answer.Content.ReadAsStringAsync()}");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(JournalFile);
    }
}

/// <summary>What the bank gives the browser to bring back.</summary>
/// <param name="Body">The form, URL-encoded in the bank's own order.</param>
public sealed record BankReturn(string Order, string State, Uri Target, string Body);

/// <summary>An order as the bank's books have it.</summary>
/// <param name="State">The protocol's two letters: <c>CO</c> paid, <c>KO</c> refused, <c>ST</c> taken back.</param>
public sealed record BankOrder(string Order, string State, long AskedCents, long TakenCents, string UrlOk, long CreditedCents = 0)
{
    /// <summary>The bank has the money and keeps it.</summary>
    public bool Holds => State is "OK" or "IC" or "CO";
}
