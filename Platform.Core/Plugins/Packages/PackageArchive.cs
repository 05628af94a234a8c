using System.IO.Compression;

namespace Platform.Core.Plugins.Packages;

/// <summary>Unpacks what somebody uploaded, within bounds and nowhere but in its folder.</summary>
internal static class PackageArchive
{
    public const int MostBytes = 30 << 20;
    const int MostFiles = 500;
    const int LongestName = 200;
    const long MostUnpacked = 100L << 20;

    // What Unix keeps in the upper half of the attributes: the kind of the file.
    const int KindMask = 0xF000, RegularFile = 0x8000, Folder = 0x4000;

    /// <summary>Writes the archive's files into <paramref name="folder"/>. A zip has a service's folder as <c>plugins/</c> wants it, bare or in one folder of its own; a nupkg has it below <c>lib/</c>.</summary>
    /// <exception cref="PackageRefusedException">It is no archive, or one that nobody should unpack.</exception>
    public static void Unpack(Stream archive, string folder)
    {
        try
        {
            using var zip = new ZipArchive(archive, ZipArchiveMode.Read, leaveOpen: true);
            Unpack(zip, folder);
        }
        catch (Exception wrong) when (wrong is InvalidDataException or EndOfStreamException or NotSupportedException)
        {
            throw new PackageRefusedException("damaged");
        }
    }

    static void Unpack(ZipArchive zip, string folder)
    {
        if (zip.Entries.Count > MostFiles)
            throw new PackageRefusedException("files", MostFiles);
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in zip.Entries)
            Check(entry, names);
        var files = zip.Entries.Where(entry => !entry.FullName.EndsWith('/')).ToList();
        var below = Below(files);
        var (home, left) = (Path.GetFullPath(folder) + Path.DirectorySeparatorChar, MostUnpacked);
        foreach (var entry in files.Where(entry => entry.FullName.StartsWith(below, StringComparison.Ordinal)))
        {
            var target = Path.GetFullPath(Path.Combine(home, entry.FullName[below.Length..]));
            if (!target.StartsWith(home, StringComparison.Ordinal))
                throw new PackageRefusedException("name");
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var from = entry.Open();
            using var to = new FileStream(target, FileMode.CreateNew);
            left = Copy(from, to, left);
        }
    }

    static void Check(ZipArchiveEntry entry, HashSet<string> names)
    {
        var name = entry.FullName;
        var kind = (entry.ExternalAttributes >> 16) & KindMask;
        if (name.Length is 0 or > LongestName || name[0] == '/' || name.Any(c => char.IsControl(c) || c is '\\' or ':') || name.TrimEnd('/').Split('/').Any(part => part is "" or "." or ".."))
            throw new PackageRefusedException("name");
        if (kind is not (0 or RegularFile or Folder))
            throw new PackageRefusedException("link");
        if (!names.Add(name.TrimEnd('/')))
            throw new PackageRefusedException("twice");
    }

    static string Below(List<ZipArchiveEntry> files)
    {
        if (files.Any(file => file.FullName.EndsWith(".nuspec", StringComparison.OrdinalIgnoreCase) && !file.FullName.Contains('/', StringComparison.Ordinal)))
            return files.Select(file => file.FullName.Split('/')).Where(parts => parts is ["lib", _, _, ..]).Select(parts => $"lib/{parts[1]}/").Distinct(StringComparer.Ordinal).ToList() is [var only]
                ? only : throw new PackageRefusedException("layout");
        var first = files.Select(file => file.FullName.Split('/')).ToList();
        return first.Count > 0 && first.All(parts => parts.Length > 1 && parts[0] == first[0][0]) ? first[0][0] + "/" : "";
    }

    // What the archive says of its sizes is not believed: what comes out is counted.
    static long Copy(Stream from, FileStream to, long left)
    {
        var buffer = new byte[81920];
        for (int read; (read = from.Read(buffer)) > 0;)
        {
            if ((left -= read) < 0)
                throw new PackageRefusedException("unpacked", (int)(MostUnpacked >> 20));
            to.Write(buffer.AsSpan(0, read));
        }
        return left;
    }
}

/// <summary>A package was not taken. Nothing of it is left.</summary>
/// <param name="code">Key of a text <c>packages.refused.…</c>.</param>
/// <param name="value">What the text says of it.</param>
internal sealed class PackageRefusedException(string code, object? value = null) : Exception($"The package is refused: {code}.")
{
    public string Code => code;

    public object? Value => value;
}
