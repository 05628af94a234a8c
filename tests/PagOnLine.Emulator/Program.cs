using PagOnLine.Emulator;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine(CommandLine.Help);
    return 0;
}

try
{
    await using var app = EmulatorApp.Create(args);
    await app.StartAsync();
    Console.WriteLine($"PagOnLine emulator listens on {string.Join(" ", app.Urls)}");
    await app.WaitForShutdownAsync();
    return 0;
}
catch (UsageException wrong)
{
    await Console.Error.WriteLineAsync($"{wrong.Message}\n\n{CommandLine.Help}");
    return 2;
}
catch (Exception cannot) when (cannot is IOException or UnauthorizedAccessException or InvalidDataException or TimeZoneNotFoundException or FormatException)
{
    await Console.Error.WriteLineAsync($"The emulator cannot start: {cannot.Message}");
    return 1;
}
