using System.Diagnostics;
using Microsoft.Playwright;
using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>
/// The README's pictures, in docs/pictures. Taken by the tests as they pass, but only with PORTICO_PICTURES=1: an ordinary run leaves the working tree as it is.
/// </summary>
internal static class Pictures
{
    public static bool Wanted { get; } = Environment.GetEnvironmentVariable("PORTICO_PICTURES") == "1";

    static string Folder => Path.GetFullPath(Path.Combine(TestCluster.Artifacts, "..", "docs", "pictures"));

    public static async Task Take(Visitor visitor, string name)
    {
        if (!Wanted)
            return;
        Directory.CreateDirectory(Folder);
        var phone = visitor.Width < 600;
        // Debian's Chromium writes dates in the American way, whatever the page's language; the readers' own browsers do not.
        var end = await visitor.Page.EvaluateAsync<int>(
            """
            async () => {
              await document.fonts.ready;
              document.activeElement.blur();
              for (const date of document.querySelectorAll('input[type=date]')) {
                const day = date.value.split('-').reverse().join('/');
                Object.assign(date, { type: 'text', value: day });
                date.dataset.picture = '';
              }
              return Math.floor(document.querySelector('main').getBoundingClientRect().bottom + scrollY) - 24;
            }
            """);
        var size = visitor.Page.ViewportSize!;
        await visitor.Page.SetViewportSizeAsync(size.Width, Math.Min(end, phone ? 1290 : 1480));
        await visitor.Page.EvaluateAsync("() => scrollTo({ top: 0, behavior: 'instant' })");
        await visitor.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, $"{name}-{(phone ? "phone" : "desktop")}.png"), Animations = ScreenshotAnimations.Disabled });
        await visitor.Page.SetViewportSizeAsync(size.Width, size.Height);
        await visitor.Page.EvaluateAsync(
            """
            () => {
              for (const date of document.querySelectorAll('[data-picture]'))
                Object.assign(date, { type: 'date', value: date.value.split('/').reverse().join('-') });
            }
            """);
    }

    /// <summary>The first page of a PDF, drawn by poppler's pdftoppm, which whoever wants pictures must have.</summary>
    public static async Task TakePdf(byte[] pdf, string name)
    {
        if (!Wanted)
            return;
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}.pdf");
        await File.WriteAllBytesAsync(file, pdf);
        using var drawing = Process.Start("pdftoppm", ["-png", "-r", "75", "-singlefile", file, Path.Combine(Folder, name)]);
        await drawing.WaitForExitAsync();
        File.Delete(file);
        drawing.ExitCode.Should().Be(0);
    }
}
