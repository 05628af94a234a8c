using Microsoft.Playwright;

namespace Portico.Host.Tests.Browser;

/// <summary>Two hands and no mouse. Notes every stop at which nothing shows where the keyboard is.</summary>
internal sealed class Keyboard(IPage page)
{
    const int MostStops = 60;

    readonly List<string> _unseen = [];

    public IReadOnlyList<string> Unseen => _unseen;

    /// <summary>Goes on by Tab to what reads so: a link or button by its words, a field by its name.</summary>
    public async Task To(string target)
    {
        var stops = new List<string>();
        while (stops.Count < MostStops)
        {
            await page.Keyboard.PressAsync("Tab");
            var stop = await page.EvaluateAsync<Stop>(
                """
                () => {
                  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
                  // Within a field of several parts the browser shows by itself which one it is at.
                  const within = at === window.lastStop;
                  window.lastStop = at;
                  // Past the last stop the browser's own bar has the turn, and then the page again.
                  if (at === document.body) return { name: '', seen: true };
                  return {
                    name: (at.name && at.value && at.tagName === 'BUTTON' ? `${at.name}=${at.value}` : at.name) || at.innerText.replace(/\s+/g, ' ').trim(),
                    seen: within || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none') && box.width > 1 && box.height > 1
                  };
                }
                """);
            stops.Add(stop.Name);
            if (!stop.Seen)
                _unseen.Add($"{stop.Name} on {page.Url}");
            if (stop.Name == target || stop.Name.Replace('\u00a0', ' ') == target)
                return;
        }
        throw new AssertionException($"The keyboard does not come to \"{target}\" on {page.Url}, only to: {string.Join(", ", stops.Distinct(StringComparer.Ordinal))}.");
    }

    public Task Type(string text) => page.Keyboard.TypeAsync(text);

    /// <param name="leaves">Whether another page is to open.</param>
    public async Task Enter(bool leaves = false)
    {
        if (!leaves)
        {
            await page.Keyboard.PressAsync("Enter");
            return;
        }
        var opened = new TaskCompletionSource();
        void Opened(object? _, IPage __) => opened.TrySetResult();
        page.DOMContentLoaded += Opened;
        await page.Keyboard.PressAsync("Enter");
        await opened.Task.WaitAsync(TimeSpan.FromSeconds(20));
        page.DOMContentLoaded -= Opened;
    }

    sealed class Stop
    {
        public string Name { get; set; } = "";

        public bool Seen { get; set; }
    }
}
