using System.Text.RegularExpressions;

namespace Host.Tests.Sample;

/// <summary>One thing the tutorial makes its reader do.</summary>
internal abstract record Step
{
    /// <summary>Write a file. Marked <c>&lt;!-- file: path --&gt;</c>.</summary>
    public sealed record Write(string Path, string Text) : Step;

    /// <summary>Run commands to their end. Marked <c>&lt;!-- run: name --&gt;</c>.</summary>
    public sealed record Run(string Name, string Commands) : Step;

    /// <summary>Run a command until it prints something, then press Ctrl-C. Marked <c>&lt;!-- run-until: words --&gt;</c>.</summary>
    public sealed record RunUntil(string Words, string Commands) : Step;
}

/// <summary>Reads docs/write-a-service.md as its reader would do it: from top to bottom.</summary>
internal static partial class Tutorial
{
    public static IReadOnlyList<Step> Read(string markdown)
    {
        var steps = new List<Step>();
        foreach (Match block in Block().Matches(markdown))
        {
            var (about, text) = (block.Groups["about"].Value, block.Groups["text"].Value);
            steps.Add(block.Groups["kind"].Value switch
            {
                "file" => new Step.Write(about, text),
                "run" => new Step.Run(about, text),
                "run-until" => new Step.RunUntil(about, text),
                var kind => throw new FormatException($"The tutorial marks a block as \"{kind}\"."),
            });
        }
        var fences = Fence().Count(markdown);
        return fences == 2 * steps.Count ? steps : throw new FormatException($"The tutorial has {fences / 2} blocks, and {steps.Count} of them say what they are.");
    }

    [GeneratedRegex(@"^<!-- (?<kind>[a-z-]+): (?<about>[^\n]+?) -->\n```[a-z]+\n(?<text>.*?\n)```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Block();

    [GeneratedRegex("^```", RegexOptions.Multiline, 5000)]
    private static partial Regex Fence();
}
