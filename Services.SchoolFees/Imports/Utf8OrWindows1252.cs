using System.Text;

namespace Services.SchoolFees.Imports;

/// <summary>UTF-8 in which every byte that is not UTF-8 is taken for Windows-1252, as spreadsheets and programs of schools still write it. It needs no second look at the file.</summary>
/// <remarks>Letters with accents in Windows-1252 stand before ASCII nearly always, and that is never valid UTF-8.</remarks>
internal static class Utf8OrWindows1252
{
    public static Encoding Encoding { get; } = Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new Western());

    sealed class Western : DecoderFallback
    {
        public override int MaxCharCount => 4;

        public override DecoderFallbackBuffer CreateFallbackBuffer() => new Bytes();
    }

    sealed class Bytes : DecoderFallbackBuffer
    {
        static readonly Encoding Windows = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

        string _chars = "";
        int _next;

        public override int Remaining => _chars.Length - _next;

        public override bool Fallback(byte[] bytesUnknown, int index)
        {
            (_chars, _next) = (Windows.GetString(bytesUnknown), 0);
            return _chars.Length > 0;
        }

        public override char GetNextChar() => _next < _chars.Length ? _chars[_next++] : '\0';

        public override bool MovePrevious()
        {
            if (_next == 0)
                return false;
            _next--;
            return true;
        }

        public override void Reset() => (_chars, _next) = ("", 0);
    }
}
