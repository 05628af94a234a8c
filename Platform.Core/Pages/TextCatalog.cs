using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Platform.Core.Pages;

/// <summary>The texts of one assembly in every language, from its embedded <c>Texts/it.json</c> and <c>Texts/en.json</c>: flat objects of strings.</summary>
/// <remarks>Any folder of the assembly may have its own <c>Texts</c>; they are read as one. Embed them with
/// <c>&lt;EmbeddedResource Include="**/Texts/*.json" WithCulture="false" /&gt;</c>.</remarks>
public sealed class TextCatalog
{
    readonly FrozenDictionary<string, FrozenDictionary<string, string>> languages;
    readonly ConcurrentDictionary<string, Texts> texts = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, bool> reported = new(StringComparer.Ordinal);
    readonly ILogger? logger;
    readonly string assemblyName;

    TextCatalog(string assemblyName, FrozenDictionary<string, FrozenDictionary<string, string>> languages, ILogger? logger) =>
        (this.assemblyName, this.languages, this.logger) = (assemblyName, languages, logger);

    /// <summary>Reads the texts of <paramref name="assembly"/>. An assembly without texts gives a catalogue that shows keys.</summary>
    /// <param name="logger">Told once of each key that exists in no language.</param>
    /// <exception cref="InvalidDataException">A file is not a flat object of strings, or a key stands twice; the message names assembly, file and position.</exception>
    public static TextCatalog Load(Assembly assembly, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        var name = assembly.GetName().Name ?? "?";
        var byLanguage = new Dictionary<string, FrozenDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var language in PageCultures.All.Select(culture => culture.TwoLetterISOLanguageName))
        {
            var entries = new Dictionary<string, string>(StringComparer.Ordinal);
            var files = assembly.GetManifestResourceNames().Where(file => IsTextsOf(file, language)).Order(StringComparer.Ordinal);
            foreach (var file in files)
            {
                using var stream = assembly.GetManifestResourceStream(file)!;
                using var bytes = new MemoryStream();
                stream.CopyTo(bytes);
                Read(bytes.ToArray(), name, file, entries);
            }
            byLanguage[language] = entries.ToFrozenDictionary(StringComparer.Ordinal);
        }
        return new(name, byLanguage.ToFrozenDictionary(StringComparer.Ordinal), logger);
    }

    /// <summary>The texts of <paramref name="assembly"/>, read once in the life of the process.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Load"/>.</exception>
    internal static TextCatalog Of(Assembly assembly) => Loaded.GetOrAdd(assembly, static assembly => Load(assembly));

    static readonly ConcurrentDictionary<Assembly, TextCatalog> Loaded = new();

    /// <summary>The texts in one language; dates and numbers in them are written as <paramref name="culture"/> does.</summary>
    public Texts In(CultureInfo culture)
    {
        ArgumentNullException.ThrowIfNull(culture);
        return texts.GetOrAdd(culture.Name, static (_, own) => new Texts(own.Item1, own.culture), (this, culture));
    }

    /// <summary>Per language, the keys that another language has and this one lacks. Empty when the catalogue is whole.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> MissingKeys()
    {
        var all = languages.Values.SelectMany(entries => entries.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        return languages
            .Select(language => (language.Key, Missing: all.Where(key => !language.Value.ContainsKey(key)).ToArray()))
            .Where(language => language.Missing.Length > 0)
            .ToDictionary(language => language.Key, language => (IReadOnlyList<string>)language.Missing, StringComparer.Ordinal);
    }

    internal string Find(string key, CultureInfo culture)
    {
        if (languages.TryGetValue(culture.TwoLetterISOLanguageName, out var own) && own.TryGetValue(key, out var text))
            return text;
        if (languages[PageCultures.Italian.TwoLetterISOLanguageName].TryGetValue(key, out text))
            return text;
        if (reported.TryAdd(key, true))
            logger?.LogWarning("No text {Key} in {Assembly}: the page shows the key.", key, assemblyName);
        return key;
    }

    static bool IsTextsOf(string resource, string language)
    {
        var end = $"Texts.{language}.json";
        return resource.EndsWith("." + end, StringComparison.Ordinal) || string.Equals(resource, end, StringComparison.Ordinal);
    }

    static void Read(byte[] json, string assembly, string file, Dictionary<string, string> into)
    {
        ReadOnlySpan<byte> content = json;
        if (content.StartsWith(Encoding.UTF8.Preamble))
            content = content[Encoding.UTF8.Preamble.Length..];
        var reader = new Utf8JsonReader(content, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip });
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Wrong("the file is not an object", reader.TokenStartIndex, content);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                var at = reader.TokenStartIndex;
                reader.Read();
                if (reader.TokenType != JsonTokenType.String)
                    throw Wrong($"the value of \"{key}\" is not a string", reader.TokenStartIndex, content);
                if (!into.TryAdd(key, reader.GetString()!))
                    throw Wrong($"the key \"{key}\" stands twice (here or in another Texts folder)", at, content);
            }
            reader.Read();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{assembly}, {file}, line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: not valid JSON ({e.Message.Split(" LineNumber", 2)[0]})", e);
        }

        InvalidDataException Wrong(string what, long offset, ReadOnlySpan<byte> text)
        {
            var before = text[..(int)offset];
            return new($"{assembly}, {file}, line {before.Count((byte)'\n') + 1}, byte {before.Length - before.LastIndexOf((byte)'\n')}: {what}");
        }
    }
}

/// <summary>The texts of one assembly in one language. A text missing in English is shown in Italian; one missing everywhere is shown as its key.</summary>
public sealed class Texts
{
    readonly TextCatalog catalog;

    internal Texts(TextCatalog catalog, CultureInfo culture) => (this.catalog, Culture) = (catalog, culture);

    /// <summary>The language, and how dates and numbers are written.</summary>
    public CultureInfo Culture { get; }

    /// <summary>The text as it stands.</summary>
    public string this[string key] => catalog.Find(key, Culture);

    /// <summary>The text with <c>{0}</c>, <c>{1:d MMMM yyyy}</c>… filled in, written as <see cref="Culture"/> does.</summary>
    /// <exception cref="FormatException">The text asks for more values than given, or its braces do not match; the message names the key.</exception>
    public string this[string key, params object?[] args]
    {
        get
        {
            var text = catalog.Find(key, Culture);
            try
            {
                return string.Format(Culture, text, args);
            }
            catch (FormatException e)
            {
                throw new FormatException($"The text \"{key}\" ({Culture.Name}) does not fit its {args.Length} values: {text}", e);
            }
        }
    }
}

/// <summary>The texts of the layout and of the components in this folder.</summary>
static class PageTexts
{
    public static TextCatalog Catalog { get; } = TextCatalog.Load(typeof(PageTexts).Assembly);
}
