namespace Platform.Core.Storage.Embedded;

/// <summary>The private cluster cannot run. The message is for the person at the keyboard: what failed, where, and how to mend it.</summary>
internal sealed class EmbeddedPostgresException : Exception
{
    public EmbeddedPostgresException() { }

    public EmbeddedPostgresException(string message) : base(message) { }

    public EmbeddedPostgresException(string message, Exception? innerException) : base(message, innerException) { }
}
