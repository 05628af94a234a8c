using System.Text.Json;
using System.Text.RegularExpressions;

namespace Host.Tests.CommandLine;

public sealed partial class ProductionTests
{
    [Test]
    public async Task The_log_is_one_JSON_object_a_line_where_that_is_wanted_and_says_for_whom_the_code_ran_but_nothing_of_the_citizen()
    {
        (await Migrate()).Code.Should().Be(0);
        (await Import("good.csv", Good)).Code.Should().Be(0);
        await using var host = PorticoProgram.Start(new Dictionary<string, string>(StringComparer.Ordinal) { ["PORTICO_Log"] = "json" }, [.. Common("serve"), "--listen", "http://127.0.0.1:0"]);
        using var browser = new HttpClient { BaseAddress = await host.Serves() };
        var search = new Uri("/marzabotto/multe", UriKind.Relative);
        var token = FormToken().Match(await browser.GetStringAsync(search)).Groups["token"].Value;
        await As("portico", "portico_super", "alter table fines.fine rename to gone");
        try
        {
            using var form = new FormUrlEncodedContent([new("__form", token), new("verbale", "V/2026/4711"), new("data", "2026-03-01"), new("targa", "ZX987WV")]);
            using var broken = await browser.PostAsync(search, form);
            broken.StatusCode.Should().Be(System.Net.HttpStatusCode.InternalServerError);
        }
        finally
        {
            await As("portico", "portico_super", "alter table fines.gone rename to fine");
        }
        (await host.Terminate()).Should().Be(0);

        var said = await host.Said();
        var lines = said.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        lines.Should().OnlyContain(line => line.ValueKind == JsonValueKind.Object && line.GetProperty("at").GetDateTime().Kind == DateTimeKind.Utc);
        lines.Select(line => line.GetProperty("message").GetString()).Should().Contain(words => words!.StartsWith("Portico serves on ", StringComparison.Ordinal));
        var error = lines.Single(line => line.GetProperty("level").GetString() == "error" && line.GetProperty("message").GetString()!.Contains("failed", StringComparison.Ordinal));
        error.GetProperty("entity").GetInt32().Should().Be(37036);
        error.GetProperty("shownBy").GetInt32().Should().Be(37036);
        error.GetProperty("service").GetString().Should().Be("fines");
        error.GetProperty("trace").GetString().Should().MatchRegex("^[0-9a-f]{32}$");
        error.GetProperty("values").GetProperty("Pattern").GetString().Should().Be("/{entity}/multe");
        error.GetProperty("exception").GetString().Should().Contain("fines.fine").And.Contain("\n", "it is all on one line of the log");
        foreach (var personal in (string[])["ZX987WV", "4711", "2026-03-01"])
            said.Should().NotContain(line => line.Contains(personal, StringComparison.OrdinalIgnoreCase));
    }

    [GeneratedRegex("name=\"__form\" value=\"(?<token>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FormToken();
}
