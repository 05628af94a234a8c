using System.Globalization;
using System.Net.Mail;
using System.Text.RegularExpressions;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>A line of the file that can be loaded.</summary>
internal sealed record FineLine(
    int Line, FineNumber Name, DateOnly ViolatedOn, Plate Plate, string Municipality, string Place, string Article, string Description,
    Euro Minimum, Euro Maximum, Euro Costs, DateOnly? NotifiedOn, bool ContestedAtOnce, bool DiscountExcluded)
{
    public Phase Phase { get; init; } = Phase.Report;
    public int Points { get; init; }
    public string Accessory { get; init; } = "";
    public string Device { get; init; } = "";
    public string DeviceKind { get; init; } = "";
    public string Comma { get; init; } = "";
    public string RoadOwner { get; init; } = "";
    public Euro SendCosts { get; init; }
    public DateOnly? SendPerfectedOn { get; init; }

    /// <summary>Where to write to who has to pay; empty where the file does not say.</summary>
    public string Email { get; init; } = "";

    /// <summary>The line as it stood in the file.</summary>
    public SourceLine Source { get; init; } = SourceLine.None;

    /// <summary>Whether the file has no such column. What it does not speak of it does not change.</summary>
    public bool Lacks(string column) => Source.Columns.Count > 0 && !Source.Columns.Contains(column, StringComparer.Ordinal);
}

/// <summary>Columns of the file, found by name in any order.</summary>
internal static class FineColumns
{
    public const string Series = "serie";
    public const string Year = "anno";
    public const string Number = "numero";
    public const string ViolatedOn = "data_violazione";
    public const string Plate = "targa";
    public const string Municipality = "comune";
    public const string Place = "luogo";
    public const string Article = "articolo";
    public const string Description = "descrizione";
    public const string Minimum = "minimo";
    public const string Maximum = "massimo";
    public const string Costs = "spese";
    public const string NotifiedOn = "data_notifica";
    public const string ContestedAtOnce = "contestazione_immediata";
    public const string DiscountExcluded = "sconto_escluso";

    public const string Phase = "fase";
    public const string Points = "punti";
    public const string Accessory = "sanzioni_accessorie";
    public const string Device = "dispositivo";

    public const string DeviceKind = "tipo_dispositivo";
    public const string Comma = "comma";
    public const string RoadOwner = "proprietario_strada";

    /// <summary>Cost of a notification through SEND: added to the other costs.</summary>
    public const string SendCosts = "spese_send";

    /// <summary>Day on which a notification through SEND was perfected: the day of notification, where that is empty.</summary>
    public const string SendPerfectedOn = "data_perfezionamento_send";

    /// <summary>E-mail or certified e-mail of who has to pay: reminders go there.</summary>
    public const string Email = "email";

    /// <summary>A file may leave these out: a fine that is new then has the usual value, and one that is known keeps its own.</summary>
    public static readonly IReadOnlyList<string> Optional = [Phase, Points, Accessory, Device, DeviceKind, Comma, RoadOwner, SendCosts, SendPerfectedOn, Email];

    public static bool Knows(string column) => Required.Contains(column, StringComparer.Ordinal) || Optional.Contains(column, StringComparer.Ordinal);

    public static readonly IReadOnlyList<string> Required =
    [
        Series, Year, Number, ViolatedOn, Plate, Municipality, Place, Article, Description, Minimum, Maximum, Costs, NotifiedOn, ContestedAtOnce, DiscountExcluded,
    ];
}

/// <summary>Reads one line's fields. Collects every error of the line, each in words that say how to mend it.</summary>
internal sealed partial class FineLineReader(int line, Func<string, string> field, DateOnly today, Texts texts, SourceLine source)
{
    readonly List<ImportError> _errors = [];

    /// <summary>The line, or null when it has errors.</summary>
    public static FineLine? Read(int line, Func<string, string> field, DateOnly today, Texts texts, out IReadOnlyList<ImportError> errors, SourceLine? source = null)
    {
        var reader = new FineLineReader(line, field, today, texts, source ?? SourceLine.None);
        var read = reader.Read();
        errors = reader._errors;
        return reader._errors.Count == 0 ? read : null;
    }

    public static ImportError Error(int line, string? column, string? value, string message) =>
        new(line, column, value is null ? null : Readable(value), message);

    // It is printed: what moves a cursor or begins an escape sequence would write over other lines.
    static string Readable(string value)
    {
        var text = value.Length > 60 ? value[..59] + "…" : value;
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '\ufffd' : c)) : text;
    }

    FineLine Read()
    {
        var series = Series();
        var year = Whole(FineColumns.Year, FineNumber.FirstYear, today.Year, texts["line.year", FineNumber.FirstYear, today.Year]);
        var number = Whole(FineColumns.Number, 1, 999_999_999, texts["line.number"]);
        var violatedOn = Date(FineColumns.ViolatedOn);
        if (field(FineColumns.ViolatedOn).Length == 0)
            Add(FineColumns.ViolatedOn, texts["line.violated.missing"]);
        var plate = ReadPlate();
        var municipality = Municipality();
        var place = Words(FineColumns.Place, 200);
        var article = Words(FineColumns.Article, 80);
        var description = Words(FineColumns.Description, 300);
        var minimum = Amount(FineColumns.Minimum);
        var maximum = Amount(FineColumns.Maximum);
        var costs = field(FineColumns.Costs).Length == 0 ? Euro.Zero : Amount(FineColumns.Costs);
        var notifiedOn = Date(FineColumns.NotifiedOn);
        var contestedAtOnce = YesNo(FineColumns.ContestedAtOnce);
        var discountExcluded = YesNo(FineColumns.DiscountExcluded);
        var phase = ReadPhase();
        var points = field(FineColumns.Points).Length == 0 ? 0 : Whole(FineColumns.Points, 0, 30, texts["line.points"]);
        var accessory = Words(FineColumns.Accessory, 200, required: false);
        var device = Words(FineColumns.Device, 200, required: false);
        var sendCosts = field(FineColumns.SendCosts).Length == 0 ? Euro.Zero : Amount(FineColumns.SendCosts);

        var deviceKind = ReadDeviceKind(device);
        var comma = Words(FineColumns.Comma, 20, required: false);
        var roadOwner = Words(FineColumns.RoadOwner, 120, required: false);
        var perfectedOn = Date(FineColumns.SendPerfectedOn);
        var email = field(FineColumns.Email);
        if (email.Length > 0 && !IsEmail(email))
            Add(FineColumns.Email, texts["line.email"]);

        if (perfectedOn is not null && notifiedOn is not null && perfectedOn != notifiedOn)
            Add(FineColumns.SendPerfectedOn, texts["line.send.two"]);
        if (perfectedOn < violatedOn)
            Add(FineColumns.SendPerfectedOn, texts["line.send.before"]);
        notifiedOn ??= perfectedOn;
        if (phase == Phase.Notice && (notifiedOn is not null || contestedAtOnce))
            Add(FineColumns.Phase, texts["line.notice"]);
        if (notifiedOn < violatedOn && perfectedOn is null)
            Add(FineColumns.NotifiedOn, texts["line.notified.before"]);
        if (minimum is { Cents: 0 })
            Add(FineColumns.Minimum, texts["line.minimum.zero"]);
        if (maximum < minimum)
            Add(FineColumns.Maximum, texts["line.maximum.low"]);

        return new(
            line, new(series, year, number), violatedOn ?? default, plate, municipality, place, article, description,
            minimum ?? default, maximum ?? default, (costs ?? default) + (sendCosts ?? default), notifiedOn, contestedAtOnce, discountExcluded)
        {
            Phase = phase, Points = points, Accessory = accessory, Device = device, DeviceKind = deviceKind, Comma = comma, RoadOwner = roadOwner,
            SendCosts = sendCosts ?? default, SendPerfectedOn = perfectedOn, Email = email, Source = source,
        };
    }

    static bool IsEmail(string text) =>
        text.Length <= 254 && MailAddress.TryCreate(text, out var address) && address.Address == text && address.Host.Contains('.', StringComparison.Ordinal) && !text.Any(char.IsControl);

    string Series()
    {
        var text = field(FineColumns.Series).ToUpperInvariant();
        if (text.Length is 0 or > 6 || !text.All(char.IsAsciiLetterOrDigit))
            Add(FineColumns.Series, texts["line.series"]);
        return text;
    }

    int Whole(string column, int least, int most, string message)
    {
        if (int.TryParse(field(column), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            return value;
        Add(column, message);
        return 0;
    }

    DateOnly? Date(string column)
    {
        var text = field(column);
        if (text.Length == 0)
            return null;
        if (!DateOnly.TryParseExact(text, ["d/M/yyyy", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            Add(column, texts["line.date"]);
            return null;
        }
        if (day > today)
            Add(column, texts["line.date.future"]);
        else if (day.Year < FineNumber.FirstYear)
            Add(column, texts["line.date.old", FineNumber.FirstYear]);
        return day;
    }

    Plate ReadPlate()
    {
        if (Plate.TryParse(field(FineColumns.Plate), out var plate))
            return plate.Value;
        Add(FineColumns.Plate, texts["line.plate"]);
        return default;
    }

    string Municipality()
    {
        var text = field(FineColumns.Municipality);
        // Spreadsheets drop the leading zero of Emilia-Romagna's codes.
        var code = text.Length == 5 ? "0" + text : text;
        if (code.Length != 6 || !code.All(char.IsAsciiDigit))
            Add(FineColumns.Municipality, texts["line.municipality"]);
        return code;
    }

    Phase ReadPhase()
    {
        var text = field(FineColumns.Phase);
        if (text.Length == 0)
            return Phase.Report;
        if (Phases.Italian.TryGetValue(text, out var phase))
            return phase;
        Add(FineColumns.Phase, texts["line.phase", string.Join(", ", Phases.Italian.Keys)]);
        return Phase.Report;
    }

    string ReadDeviceKind(string device)
    {
        var text = field(FineColumns.DeviceKind);
        if (text.Length > 0 && device.Length == 0)
            Add(FineColumns.DeviceKind, texts["line.device.missing", FineColumns.Device]);
        switch (text.ToLowerInvariant())
        {
            case "":
                return "";
            case "fisso":
                return "fixed";
            case "mobile":
                return "mobile";
            default:
                Add(FineColumns.DeviceKind, texts["line.device.kind"]);
                return "";
        }
    }

    string Words(string column, int most, bool required = true)
    {
        var text = field(column);
        if (text.Length == 0)
        {
            if (required)
                Add(column, texts["line.empty"]);
        }
        else if (text.Length > most)
            Add(column, texts["line.long", most]);
        else if (text.Any(char.IsControl))
            Add(column, texts["line.control"]);
        return text;
    }

    Euro? Amount(string column)
    {
        var text = field(column).Trim('€', ' ', '\u00a0');
        var match = Money().Match(text);
        if (match.Success)
        {
            var euros = match.Groups["euros"].Value.Replace(".", "", StringComparison.Ordinal);
            var cents = match.Groups["cents"].Value.PadRight(2, '0');
            if (euros.Length <= 9)
                return Euro.Of(long.Parse(euros, CultureInfo.InvariantCulture), int.Parse(cents, CultureInfo.InvariantCulture));
        }
        Add(column, text.Length == 0
            ? texts["line.amount.missing"]
            : texts["line.amount"]);
        return null;
    }

    bool YesNo(string column)
    {
        switch (field(column).ToLowerInvariant())
        {
            case "si" or "sì" or "s":
                return true;
            case "no" or "n" or "":
                return false;
            default:
                Add(column, texts["line.yesno"]);
                return false;
        }
    }

    void Add(string column, string message) => _errors.Add(Error(line, column, field(column), message));

    /// <remarks>No amount has three decimals, so <c>1.085</c> can only be one thousand and eighty-five.</remarks>
    [GeneratedRegex(@"^(?:(?<euros>[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,(?<cents>[0-9]{1,2}))?|(?<euros>[0-9]+)\.(?<cents>[0-9]{1,2}))$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Money();
}
