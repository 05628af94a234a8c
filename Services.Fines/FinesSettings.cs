using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Platform.Core.Entities;
using Platform.Core.Settings;
using Services.Fines.Amounts;

namespace Services.Fines;

/// <summary>What a police corps decides for its fines.</summary>
internal sealed record FinesSettings : IValidatableObject
{
    [Setting("Festa del patrono", "Feast of the patron saint",
        Hint = "Giorno e mese, per esempio 29/06. I termini che finiscono quel giorno slittano al primo giorno lavorativo.",
        HintEn = "Day and month, for instance 29/06. A term that ends on that day ends on the next working day.",
        Wrong = "Scrivi giorno e mese, per esempio 29/06", WrongEn = "Write day and month, for instance 29/06")]
    public string Patron { get; init; } = "";

    [Setting("Pagamento prima della notifica", "Payment before notification",
        Hint = "Se un verbale di cui non risulta la notifica si può pagare, all’importo più basso previsto dalla legge.",
        HintEn = "Whether a fine that is not known to be notified may be paid, at the lowest amount of the law.")]
    public bool PayBeforeNotice { get; init; } = true;

    [Setting("Maggiorazione per semestre", "Surcharge per semester",
        Hint = "Se alla metà del massimo si aggiunge il 10 % per ogni semestre intero di ritardo (art. 27 L. 689/1981).",
        HintEn = "Whether 10 % is added to half of the maximum for each whole semester of delay (art. 27 L. 689/1981).")]
    public bool Surcharge { get; init; } = true;

    [Setting("Importo più basso nei giorni per l’accredito", "Lower amount in the days for crediting",
        Hint = "Se l’importo ridotto e il minimo si propongono ancora nei due giorni dopo il termine, in cui un accredito libera (art. 17-quinquies DL 18/2016, L. 49/2016). Senza, chi paga in quei giorni vede l’importo successivo; ciò che viene accreditato in tempo libera comunque.",
        HintEn = "Whether the reduced amount and the minimum are still offered in the two days after their term, in which a credit releases (art. 17-quinquies DL 18/2016, L. 49/2016). Otherwise who pays then sees the next amount; what is credited in time releases all the same.")]
    public bool OfferWhileCrediting { get; init; }

    [Setting("Giorni dell’avviso", "Days of a notice",
        Hint = "Per quanti giorni dalla violazione si paga un avviso lasciato sul parabrezza, senza spese di notifica.",
        HintEn = "For how many days after the violation a notice left on the windscreen may be paid, without notification costs.")]
    [Range(1, 90)]
    public int NoticeDays { get; init; } = 15;

    [Setting("Promemoria prima della scadenza", "Reminder before the end",
        Hint = "Quanti giorni prima che finiscano l’importo ridotto e poi il minimo si ricorda di pagare. Vuoto: mai.",
        HintEn = "How many days before the reduced amount and then the minimum end somebody is to be reminded. Empty: never.")]
    [Range(0, 30)]
    public int? RemindBefore { get; init; }

    [Setting("Promemoria dopo la scadenza", "Reminder after the end",
        Hint = "Quanti giorni dopo la fine del minimo si ricorda che il verbale non risulta pagato. Vuoto: mai.",
        HintEn = "How many days after the end of the minimum somebody is to be reminded that nothing was paid. Empty: never.")]
    [Range(1, 365)]
    public int? RemindAfter { get; init; }

    [Setting("Ufficio", "Office", Hint = "Chi risponde alle domande e quando: ufficio, orari, sportello. Si legge in fondo a ogni pagina.", HintEn = "Who answers questions and when. It stands at the end of each page.")]
    [StringLength(300)]
    public string Office { get; init; } = "";

    public PatronDay PatronDay => TryPatron(out var day) ? day : PatronDay.None;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Patron.Length > 0 && !TryPatron(out _))
            yield return new($"\"{Patron}\" is no day of the year. Write day and month: 29/06.", [nameof(Patron)]);
    }

    public static IEnumerable<Readiness> Check(FinesSettings settings, Entity creditor)
    {
        // What a corps of several municipalities does with its many patrons, it decides by leaving it empty.
        yield return settings.Patron.Length > 0 ? new(true, $"The feast of the patron saint is {settings.Patron}.") { Italian = $"La festa del patrono è il {settings.Patron}." }
            : creditor.Kind == EntityKind.Union ? new(true, "There is no patron saint for the whole union: no term moves for a patron saint.") { Italian = "L’unione non ha un patrono suo: nessun termine slitta per un patrono." }
            : new(false, "The feast of the patron saint is missing, so a term that ends on it is told a day too short: portico settings set fines patron=gg/mm") { Italian = "Manca la festa del patrono: un termine che finisce quel giorno viene detto più corto." };
        yield return settings.Office.Length > 0 || (creditor.Phone ?? creditor.Email ?? creditor.Pec) is not null
            ? new(true, "Citizens can read whom to ask.") { Italian = "I cittadini leggono a chi chiedere." }
            : new(false, "Citizens cannot read whom to ask: write an office (portico settings set fines office=…) or the entity's contacts.") { Italian = "I cittadini non leggono a chi chiedere: scrivi l’ufficio o i recapiti dell’ente." };
    }

    bool TryPatron(out PatronDay patron)
    {
        // A leap year, so that 29 February is a day.
        var known = DateOnly.TryParseExact(Patron + "/2024", "d/M/yyyy", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day);
        patron = known ? new(day.Month, day.Day) : PatronDay.None;
        return known;
    }
}
