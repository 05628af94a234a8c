using Platform.Testing;

namespace Host.Tests.CommandLine;

/// <summary>0: done. 1: not done, and the last line says why. 2: the words of the command were wrong.</summary>
public sealed class CommandLineTests
{
    [TestCase("", "serve demo migrate db entity agreement settings plugins fines")]
    [TestCase("serve", "--listen --database")]
    [TestCase("demo", "--bank")]
    [TestCase("migrate", "--owner-database")]
    [TestCase("db", "start")]
    [TestCase("db start", "--data")]
    [TestCase("entity import", "<file> codice_fiscale host")]
    [TestCase("entity set", "<code> telefono")]
    [TestCase("entity show", "<code>")]
    [TestCase("entity host", "<code> --remove")]
    [TestCase("entity logo", "<code> PNG")]
    [TestCase("entity notice", "<code> <page> <language>")]
    [TestCase("settings show", "<service> --entity")]
    [TestCase("settings set", "name=value --entity")]
    [TestCase("settings undo", "<service> --entity")]
    [TestCase("agreement set", "--secret <settings>")]
    [TestCase("jobs restart", "<service> <job> --entity --by")]
    [TestCase("console grant", "<officer> <role> <scope> --entity --until")]
    [TestCase("console bootstrap", "/console/accesso/avvio")]
    [TestCase("plugins", "--plugins")]
    [TestCase("fines import", "--entity <file> --all-or-nothing --refused")]
    [TestCase("fines proceeds", "--entity --year --out")]
    public async Task Every_command_explains_itself(string command, string named)
    {
        var (code, words) = await PorticoProgram.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help", "--plugins", TestCluster.Plugins]);

        code.Should().Be(0);
        words.Should().ContainAll(named.Split(' '));
    }

    [TestCase("srve")]
    [TestCase("serve --lisen x")]
    [TestCase("entity import")]
    [TestCase("serve --profile holiday")]
    [TestCase("serve --profile 7")]
    [TestCase("events replay URG nonsense")]
    [TestCase("distribute --dry-run false")]
    [TestCase("check money --sql --grace -1")]
    [TestCase("check money --sql --grace 2147483647")]
    [TestCase("ledger balances --entity URG --from 2026-13-01")]
    [TestCase("ledger bookings --entity URG --from 2026-12-31 --to 2026-01-01")]
    public async Task Wrong_words_end_with_2_and_a_hint(string command)
    {
        var (code, words) = await PorticoProgram.Run(command.Split(' '));

        code.Should().Be(2);
        words.TrimEnd().Split('\n')[^1].Should().Contain("portico --help");
    }

    [TestCase("serve --listen nowhere", "\"nowhere\" is no address to listen on")]
    [TestCase("serve --listen ftp://127.0.0.1:1", "is no address to listen on")]
    [TestCase("serve --public-address somewhere", "\"somewhere\" is no public address")]
    [TestCase("demo --listen http://0.0.0.0:5080", "The demo profile serves this machine only")]
    [TestCase("demo --public-address https://servizi.provincia.example", "The demo profile serves this machine only")]
    [TestCase("serve --profile demo --listen http://192.0.2.1:80", "The demo profile serves this machine only")]
    [TestCase("entity import /no/such.csv", "There is no file /no/such.csv")]
    [TestCase("migrate --database Host=/nowhere", "--owner-database")]
    [TestCase("migrate --owner-database Host=/nowhere;Username=x;Database=x", "The database does not do what is asked")]
    [TestCase("serve --database Host=/nowhere;Username=x;Database=x", "The database does not do what is asked")]
    [TestCase("serve --database nonsense", "connection string cannot be read")]
    [TestCase("migrate --owner-database Hots=x", "connection string cannot be read")]
    [TestCase("check --database nonsense", "connection string cannot be read")]
    [TestCase("plugins --plugins /no/such", "There is no folder /no/such")]
    public async Task What_cannot_be_done_is_said_in_the_last_line(string command, string why)
    {
        var (code, words) = await PorticoProgram.Run([.. command.Split(' '), "--data", Path.Combine(Path.GetTempPath(), "portico-none")]);

        code.Should().Be(1);
        words.TrimEnd().Split('\n')[^1].Should().StartWith("portico: ").And.Contain(why);
    }

    [TestCase("Profile", "demmo", "production or test or demo")]
    [TestCase("Profile", "1", "production or test or demo")]
    [TestCase("Binding", "locl", "parameters or local")]
    [TestCase("Log", "jsonn", "text or json")]
    public async Task A_misspelt_setting_chooses_nothing_in_silence(string name, string value, string known)
    {
        var (code, words) = await PorticoProgram.Run(new Dictionary<string, string>(StringComparer.Ordinal) { [$"PORTICO_{name}"] = value }, "check");

        code.Should().Be(1);
        words.TrimEnd().Split('\n')[^1].Should().Be($"portico: {name} is \"{value}\"; write {known}.");
    }
}
