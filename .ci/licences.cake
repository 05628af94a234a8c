// Writes docs/dependencies.md from the lock files and from what each package says about its own licence.
#nullable enable
using System.Text.Json;
using System.Xml.Linq;

string[] Agreed = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "PostgreSQL", "Zlib", "CC0-1.0", "OFL-1.1"];
string[] AgreedInTests = ["MPL-2.0"]; // copyleft by file: used unchanged, and never shipped

// Packages from before licence expressions: their page was read by a person, for this version only.
Dictionary<string, string> ReadByHand = new(StringComparer.OrdinalIgnoreCase)
{
    ["MediatR 5.1.0"] = "Apache-2.0",
    ["System.Configuration.ConfigurationManager 4.4.0"] = "MIT",
    ["System.Security.Cryptography.ProtectedData 4.4.0"] = "MIT",
};

record Dependency(string Name, string Version, string Licence, bool Direct, bool Shipped, string UsedBy);

void WriteDependencies(string path)
{
    var nuget = NuGetDependencies();
    var npm = NpmDependencies();
    var page = new StringBuilder()
        .AppendLine("# Dependencies and their licences").AppendLine()
        .AppendLine("Written by `./build.sh licences` from the lock files; do not edit. How to add one: [CONTRIBUTING](../CONTRIBUTING.md#dependencies).").AppendLine()
        .AppendLine("From the machine, not in any package: the .NET runtime (MIT) and PostgreSQL (PostgreSQL); for building Node.js (MIT);")
        .AppendLine("for tests Chromium (BSD-3-Clause).");
    Table(page, "NuGet packages that Portico names", nuget.Where(d => d.Direct));
    Table(page, "NuGet packages that come with them", nuget.Where(d => !d.Direct));
    Table(page, "npm packages that Portico names", npm.Where(d => d.Direct));
    Table(page, "npm packages that come with them", npm.Where(d => !d.Direct));
    System.IO.File.WriteAllText(path, page.ToString().ReplaceLineEndings("\n"));

    var refused = nuget.Concat(npm).Where(d => !IsAgreed(d)).Select(d => $"{d.Name} {d.Version} ({d.Licence})").ToList();
    if (refused.Count > 0)
    {
        throw new CakeException($"Nobody has agreed to the licence of: {string.Join(", ", refused)}.");
    }

    Information("{0} packages, every licence agreed to.", nuget.Count + npm.Count);
}

void Table(StringBuilder page, string title, IEnumerable<Dependency> rows)
{
    page.AppendLine().AppendLine($"## {title}").AppendLine()
        .AppendLine("| Name | Version | Licence | Used by |").AppendLine("|---|---|---|---|");
    foreach (var d in rows)
    {
        page.AppendLine($"| {d.Name} | {d.Version} | {d.Licence} | {d.UsedBy} |");
    }
}

// "A OR B" lets us choose, "A AND B" binds us to both.
bool IsAgreed(Dependency d) => d.Licence.Trim('(', ')').Split(" OR ").Any(choice =>
    choice.Split(" AND ").All(l => Agreed.Contains(l) || (!d.Shipped && AgreedInTests.Contains(l))));

List<Dependency> NuGetDependencies()
{
    var seen = new Dictionary<(string Name, string Version), (HashSet<string> Projects, HashSet<string> Parents, HashSet<string> Everywhere)>();
    var locks = GetFiles("*/packages.lock.json").Concat(GetFiles("tests/*/packages.lock.json")).ToList();
    foreach (var file in locks)
    {
        var project = file.GetDirectory().GetDirectoryName();
        foreach (var framework in Json(file.FullPath).GetProperty("dependencies").EnumerateObject())
        {
            var entries = framework.Value.EnumerateObject().Where(p => p.Value.TryGetProperty("resolved", out _)).ToList();
            foreach (var entry in entries)
            {
                var key = (entry.Name, entry.Value.GetProperty("resolved").GetString()!);
                if (!seen.TryGetValue(key, out var uses))
                {
                    seen[key] = uses = ([], [], []);
                }

                uses.Everywhere.Add(file.FullPath.Contains("/tests/") ? "tests" : project);
                if (entry.Value.GetProperty("type").GetString() == "Direct")
                {
                    uses.Projects.Add(project);
                }

                uses.Parents.UnionWith(entries
                    .Where(e => e.Value.TryGetProperty("dependencies", out var d) && d.TryGetProperty(entry.Name, out _))
                    .Select(e => e.Name));
            }
        }
    }

    var folder = GlobalPackages();
    bool IsTests(string project) => project.EndsWith(".Tests") || project is "Faults" or "Benchmarks";
    var tests = locks.Count(f => IsTests(f.GetDirectory().GetDirectoryName()));
    string Projects(HashSet<string> all) =>
        all.Count == locks.Count ? "all projects" : all.Count == tests && all.All(IsTests) ? "all tests" : Join(all);
    return seen
        .Select(s => new Dependency(s.Key.Name, s.Key.Version, NuGetLicence(folder, s.Key.Name, s.Key.Version),
            Direct: s.Value.Projects.Count > 0,
            Shipped: s.Value.Everywhere.Any(p => p != "tests"),
            UsedBy: s.Value.Projects.Count > 0 ? Projects(s.Value.Projects) : Join(s.Value.Parents)))
        .Concat(Json("dotnet-tools.json").GetProperty("tools").EnumerateObject()
            .Select(t => (t.Name, Version: t.Value.GetProperty("version").GetString()!))
            .Select(t => new Dependency(t.Name, t.Version, NuGetLicence(folder, t.Name, t.Version), Direct: true, Shipped: false, "the build")))
        .OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase).ThenBy(d => d.Version, StringComparer.Ordinal)
        .ToList();
}

string GlobalPackages()
{
    StartProcess("dotnet", new ProcessSettings { Arguments = "nuget locals global-packages -l", RedirectStandardOutput = true }, out var lines);
    return lines.Single(l => l.StartsWith("global-packages:")).Split(':', 2)[1].Trim();
}

string NuGetLicence(string folder, string name, string version)
{
    if (ReadByHand.TryGetValue($"{name} {version}", out var known))
    {
        return known;
    }

    var home = System.IO.Path.Combine(folder, name.ToLowerInvariant(), version.ToLowerInvariant());
    if (!System.IO.Directory.Exists(home))
    {
        return "not restored";
    }

    var about = XDocument.Load(System.IO.Directory.GetFiles(home, "*.nuspec").Single()).Root!;
    XElement? Element(string tag) => about.Descendants(about.Name.Namespace + tag).FirstOrDefault();
    return ((string?)Element("license")?.Attribute("type"), Element("license")?.Value) switch
    {
        ("expression", { } expression) => expression,
        ("file", { } file) => FromText(System.IO.File.ReadAllText(System.IO.Path.Combine(home, file.Replace('\\', '/')))),
        _ => Element("licenseUrl")?.Value ?? "none given",
    };
}

string FromText(string text)
{
    var words = System.Text.RegularExpressions.Regex.Replace(text, @"\s+", " ");
    return words switch
    {
        _ when words.Contains("Apache License Version 2.0") && words.Contains("TERMS AND CONDITIONS") => "Apache-2.0",
        _ when words.Contains("Permission is hereby granted, free of charge") && words.Contains("\"AS IS\"") => "MIT",
        _ when words.Contains("Redistribution and use in source and binary forms") =>
            words.Contains("endorse or promote") ? "BSD-3-Clause" : "BSD-2-Clause",
        _ => "a licence text to be read",
    };
}

List<Dependency> NpmDependencies()
{
    var packages = Json("package-lock.json").GetProperty("packages").EnumerateObject().ToList();
    string NameOf(string path) => path[(path.LastIndexOf("node_modules/") + "node_modules/".Length)..];
    HashSet<string> Keys(JsonElement of, params string[] groups) =>
        groups.SelectMany(g => of.TryGetProperty(g, out var d) ? d.EnumerateObject().Select(p => p.Name) : []).ToHashSet();
    var root = packages.Single(p => p.Name == "").Value;
    var (shipped, tests) = (Keys(root, "dependencies"), Keys(root, "devDependencies"));
    return packages.Where(p => p.Name != "")
        .Select(p => (Path: p.Name, Name: NameOf(p.Name), p.Value))
        .Select(p => new Dependency(p.Name, p.Value.GetProperty("version").GetString()!, NpmLicence(p.Path, p.Value),
            Direct: shipped.Contains(p.Name) || tests.Contains(p.Name),
            Shipped: !p.Value.TryGetProperty("dev", out _),
            UsedBy: shipped.Contains(p.Name) ? "pages and documents" : tests.Contains(p.Name) ? "tests"
                : Join(packages.Where(o => o.Name != "" && Keys(o.Value, "dependencies", "optionalDependencies", "peerDependencies").Contains(p.Name)).Select(o => NameOf(o.Name)))))
        .OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase).ThenBy(d => d.Version, StringComparer.Ordinal)
        .ToList();
}

string NpmLicence(string path, JsonElement locked)
{
    if (locked.TryGetProperty("license", out var licence))
    {
        return licence.GetString()!;
    }

    var own = Json(path + "/package.json");
    return own.TryGetProperty("license", out licence) ? licence.ToString()
        : own.TryGetProperty("licenses", out var several) ? string.Join(" OR ", several.EnumerateArray().Select(l => l.GetProperty("type").GetString()))
        : "none given";
}

JsonElement Json(string path) => JsonDocument.Parse(System.IO.File.ReadAllText(path)).RootElement;

string Join(IEnumerable<string> names) => string.Join(", ", names.Distinct().Order(StringComparer.OrdinalIgnoreCase));
