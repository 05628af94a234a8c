using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.Extensions.Logging;
using Platform.Core.Pages;

namespace Platform.Core.Tests.Pages;

public sealed class TextCatalogTests
{
    static readonly TextCatalog Own = TextCatalog.Load(typeof(TextCatalogTests).Assembly);

    [Test]
    public void The_pages_speak_every_language_whole() => TextCatalog.Load(typeof(PageFrame).Assembly).MissingKeys().Should().BeEmpty();

    [Test]
    public void Numbers_and_dates_are_written_as_the_language_does()
    {
        Own.In(PageCultures.Italian)["amount", 1234.5m, new DateOnly(2026, 11, 23)].Should().Be("Paga 1.234,50 € entro il 23 novembre 2026");
        Own.In(PageCultures.English)["amount", 1234.5m, new DateOnly(2026, 11, 23)].Should().Be("Pay € 1,234.50 by 23 November 2026");
    }

    [Test]
    public void What_English_lacks_is_said_in_Italian_and_listed()
    {
        Own.In(PageCultures.English)["only.italian"].Should().Be("Solo in italiano");
        Own.In(CultureInfo.GetCultureInfo("de-DE"))["only.italian"].Should().Be("Solo in italiano");
        Own.MissingKeys().Should().ContainSingle().Which.Should().Match<KeyValuePair<string, IReadOnlyList<string>>>(
            missing => missing.Key == "en" && missing.Value.Single() == "only.italian");
    }

    [Test]
    public void A_key_that_nobody_has_is_shown_and_reported_once()
    {
        var log = new Recorder();
        var catalog = TextCatalog.Load(typeof(TextCatalogTests).Assembly, log);

        catalog.In(PageCultures.English)["no.such"].Should().Be("no.such");
        catalog.In(PageCultures.Italian)["no.such"].Should().Be("no.such");
        log.Lines.Should().ContainSingle().Which.Should().Contain("no.such").And.Contain("Platform.Core.Tests");
    }

    [Test]
    public void Too_few_values_name_the_key() =>
        FluentActions.Invoking(() => Own.In(PageCultures.Italian)["amount", 1]).Should().Throw<FormatException>().WithMessage("*\"amount\"*");

    [TestCase("{\n  \"a\": \"x\",\n  \"b\": \n}", "line 4*not valid JSON*")]
    [TestCase("{\n  \"a\": \"x\",\n  \"b\": 3\n}", "line 3, byte 8: the value of \"b\" is not a string")]
    [TestCase("{\n  \"a\": \"x\",\n  \"a\": \"y\"\n}", "line 3, byte 3: the key \"a\" stands twice*")]
    [TestCase("[]", "line 1, byte 1: the file is not an object")]
    [TestCase("", "line 1*not valid JSON*")]
    public void A_broken_file_is_named_with_its_position(string json, string expected) =>
        FluentActions.Invoking(() => TextCatalog.Load(new Stranger(json))).Should().Throw<InvalidDataException>()
            .WithMessage("Stranger, Stranger.Texts.it.json, " + expected);

    sealed class Stranger(string json) : Assembly
    {
        public override AssemblyName GetName() => new("Stranger");
        public override string[] GetManifestResourceNames() => ["Stranger.Texts.it.json", "Stranger.Other.json"];
        public override Stream? GetManifestResourceStream(string name) => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json));
    }

    sealed class Recorder : ILogger
    {
        public List<string> Lines { get; } = [];
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
