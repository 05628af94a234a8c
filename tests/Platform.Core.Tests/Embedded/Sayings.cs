using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Platform.Core.Tests.Embedded;

/// <summary>What was logged, with the words of exceptions.</summary>
internal sealed class Sayings : ILogger
{
    readonly ConcurrentQueue<string> texts = new();

    public bool Any(Func<string, bool> which) => texts.Any(which);

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        texts.Enqueue(formatter(state, exception) + exception?.Message);
}
