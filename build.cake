// The table of contents of the build: what can be asked for, and what each target needs first.
// How results are counted and licences are read stands in .ci/*.cake. Start from ./build.sh help.
#load ".ci/results.cake"
#load ".ci/licences.cake"

const string Solution = "Portico.slnx";
const string Configuration = "Release";

Task("Assets")
    .Description("Fetch the page style and the font that package-lock.json names.")
    .WithCriteria(() => IsOlder("node_modules/.package-lock.json", "package-lock.json"), "node_modules is up to date")
    .Does(() => Run("npm", "ci --no-progress --loglevel=error"));

Task("Restore")
    .Description("Fetch the NuGet packages; with CI=true exactly those of the lock files.")
    .Does(() => DotNetRestore(Solution, new() { LockedMode = OnCI, ArgumentCustomization = KeepErrors }));

Task("Build")
    .Description("Compile everything; a warning is an error.")
    .IsDependentOn("Assets")
    .IsDependentOn("Restore")
    .Does(() => DotNetBuild(Solution, new() { Configuration = Configuration, NoRestore = true, NoLogo = true, Verbosity = Quietly, ArgumentCustomization = KeepErrors }));

Task("Stage")
    .Description("Lay out artifacts/portico: the host, its plugins, and the bank and the identities of the demo.")
    .IsDependentOn("Build")
    .Does(() => Publish("Host", "artifacts/portico"))
    .Does(() => Publish("tests/PagOnLine.Emulator", "artifacts/portico/bank"))
    .Does(() => Publish("tests/Oidc.Provider", "artifacts/portico/identities"))
    .Does(() => Mirror("artifacts/plugins", "artifacts/portico/plugins"));

Task("Pack")
    .Description("Lay out artifacts/packages, a folder feed of what services elsewhere are built and tested against, beside the host to try them in.")
    .IsDependentOn("Stage")
    .Does(() => Pack("artifacts/packages", "Platform.Core", "Platform.Payments", "tests/Platform.Testing"));

Task("Test")
    .Description("Run every test, two projects at a time, on a real PostgreSQL and in a real browser.")
    .IsDependentOn("Build")
    .Does(() => CleanDirectory(TestResults))
    .Does(() => RunTests(Solution, Configuration));

Task("Licences")
    .Description("Write docs/dependencies.md; fail on a licence nobody has agreed to.")
    .IsDependentOn("Assets")
    .IsDependentOn("Restore")
    .Does(() => WriteDependencies("docs/dependencies.md"));

Task("Default")
    .IsDependentOn("Build");

RunTarget(Argument("target", "Default"));
