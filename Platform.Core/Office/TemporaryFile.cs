namespace Platform.Core.Office;

/// <summary>A file of this request's own, which nobody else may read and which is gone when it is closed.</summary>
internal static class TemporaryFile
{
    public static FileStream New() => new(Path.Combine(Path.GetTempPath(), $"portico-{Guid.NewGuid():n}"), new FileStreamOptions
    {
        Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });
}
