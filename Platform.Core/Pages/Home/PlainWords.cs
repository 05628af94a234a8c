using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Platform.Core.Pages.Home;

/// <summary>
/// Draws a text that an entity wrote: paragraphs, <c># heading</c>, <c>## smaller</c>, <c>- list</c>, <c>**strong**</c>, <c>[words](https://…)</c>. Everything else is shown
/// as it stands: there is no way to write markup.
/// </summary>
public sealed partial class PlainWords : ComponentBase
{
    [Parameter, EditorRequired] public string Text { get; set; } = "";

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var lines = new Queue<string>(Text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()));
        while (lines.TryPeek(out var line))
        {
            if (line.Length == 0)
                lines.Dequeue();
            else if (line.StartsWith("## ", StringComparison.Ordinal))
                Element(builder, "h3", lines.Dequeue()[3..]);
            else if (line.StartsWith("# ", StringComparison.Ordinal))
                Element(builder, "h2", lines.Dequeue()[2..]);
            else if (line.StartsWith("- ", StringComparison.Ordinal))
            {
                builder.OpenElement(0, "ul");
                while (lines.TryPeek(out var item) && item.StartsWith("- ", StringComparison.Ordinal))
                    Element(builder, "li", lines.Dequeue()[2..]);
                builder.CloseElement();
            }
            else
            {
                var words = new List<string>();
                while (lines.TryPeek(out var next) && next.Length > 0 && !next.StartsWith('#') && !next.StartsWith("- ", StringComparison.Ordinal) || words.Count == 0)
                    words.Add(lines.Dequeue());
                Element(builder, "p", string.Join(' ', words));
            }
        }
    }

    static void Element(RenderTreeBuilder builder, string element, string words)
    {
        builder.OpenElement(0, element);
        var at = 0;
        foreach (Match match in Inline().Matches(words))
        {
            builder.AddContent(1, words[at..match.Index]);
            at = match.Index + match.Length;
            builder.OpenElement(2, match.Groups["strong"].Success ? "strong" : "a");
            if (match.Groups["address"].Success)
                builder.AddAttribute(3, "href", match.Groups["address"].Value);
            builder.AddContent(4, match.Groups["strong"].Success ? match.Groups["strong"].Value : match.Groups["words"].Value);
            builder.CloseElement();
        }
        builder.AddContent(5, words[at..]);
        builder.CloseElement();
    }

    [GeneratedRegex(@"\*\*(?<strong>[^*]+)\*\*|\[(?<words>[^\]]+)\]\((?<address>(https?://|mailto:|tel:)[^\s()<>""']+)\)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Inline();
}
