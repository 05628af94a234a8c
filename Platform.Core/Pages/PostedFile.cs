using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Platform.Core.Pages;

/// <summary>What a file is, by how it begins and not by its name.</summary>
public enum FileKind
{
    Pdf,
    Png,
    Jpeg,

    /// <summary>A document signed by CAdES, <c>.p7m</c>.</summary>
    P7m,

    /// <summary>Text in columns, <c>.csv</c>, in UTF-8, UTF-16 with its mark or an older code page. That it is text is all that is looked at.</summary>
    Csv,

    /// <summary>An archive, <c>.zip</c> or <c>.nupkg</c>. What is in it nobody has looked at.</summary>
    Zip,
}

/// <summary>Which files a field takes.</summary>
/// <param name="MaxBytes">The largest, in bytes. The page's <see cref="AcceptsFilesAttribute"/> must allow as much.</param>
/// <param name="Kinds">At least one.</param>
public sealed record FileRules(int MaxBytes, params IReadOnlyList<FileKind> Kinds)
{
    internal string Accept => string.Join(',', Kinds.Select(kind => kind switch { FileKind.Pdf => ".pdf", FileKind.Png => ".png", FileKind.Jpeg => ".jpg,.jpeg", FileKind.Csv => ".csv,.txt", FileKind.Zip => ".zip,.nupkg", _ => ".p7m" }));

    internal string Words(Texts texts) => texts[
        "form.file.rules", string.Join(", ", Kinds.Select(kind => kind.ToString().ToUpperInvariant())),
        MaxBytes >= 1 << 20 ? $"{Math.Round(MaxBytes / (double)(1 << 20), 1).ToString(texts.Culture)} MB" : $"{MaxBytes >> 10} KB"];
}

/// <summary>Lets a page's form carry files: without it a post may have 1 MiB in all, and is answered 413 beyond that.</summary>
/// <param name="megabytes">The largest post, in MiB, files and fields together; at most 50.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AcceptsFilesAttribute(int megabytes) : Attribute
{
    public int Megabytes { get; } = megabytes;
}

/// <summary>A file that came with a form. It lives as long as the request.</summary>
public sealed class PostedFile
{
    readonly IFormFile _file;

    PostedFile(IFormFile file, FileKind kind, string name) => (_file, Kind, Name) = (file, kind, name);

    /// <summary>What the citizen called it, without folders and control characters, at most 100 characters. To be shown, never to be used as a path.</summary>
    public string Name { get; }

    /// <summary>By its first bytes. A file may still be broken, or hold more than it says.</summary>
    public FileKind Kind { get; }

    /// <summary>Its size in bytes.</summary>
    public long Length => _file.Length;

    /// <summary>Its bytes, from the beginning.</summary>
    public Stream OpenRead() => _file.OpenReadStream();

    /// <summary>The file, or null with the words for what is wrong with it.</summary>
    internal static PostedFile? Of(IFormFile file, FileRules rules, CultureInfo culture, out string? wrong)
    {
        var texts = PageTexts.Catalog.In(culture);
        wrong = null;
        if (file.Length == 0)
            wrong = texts["form.file.empty"];
        else if (file.Length > rules.MaxBytes)
            wrong = texts["form.file.big", rules.Words(texts)];
        else if (KindOf(file) is not { } kind || !rules.Kinds.Contains(kind))
            wrong = texts["form.file.kind", rules.Words(texts)];
        else
            return new(file, kind, Shown(file.FileName));
        return null;
    }

    static FileKind? KindOf(IFormFile file)
    {
        Span<byte> head = stackalloc byte[64];
        using var bytes = file.OpenReadStream();
        head = head[..bytes.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        return head.StartsWith("%PDF-"u8) ? FileKind.Pdf
            : head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a]) ? FileKind.Png
            : head.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]) ? FileKind.Jpeg
            // A DER sequence that begins with the object identifier of signed data, 1.2.840.113549.1.7.2 (RFC 5652).
            : head.StartsWith((ReadOnlySpan<byte>)[0x30]) && head.IndexOf((ReadOnlySpan<byte>)[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]) is >= 2 and <= 10 ? FileKind.P7m
            : head.StartsWith("PK\u0003\u0004"u8) ? FileKind.Zip
            : head.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || head.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]) || !head.Contains((byte)0) ? FileKind.Csv
            : null;
    }

    static string Shown(string name)
    {
        var last = name.Split('/', '\\')[^1];
        var clean = string.Concat(last.Where(c => !char.IsControl(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format)).Trim();
        return clean.Length <= 100 ? clean : clean[^100..];
    }
}
