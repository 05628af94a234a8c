using System.ComponentModel.DataAnnotations;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Settings;

namespace Services.SchoolFees;

/// <summary>What an entity decides about bills that are not paid.</summary>
internal sealed record SchoolFeesSettings : IValidatableObject
{
    [Setting("Avviso in PDF", "Notice as PDF", Hint = "Se alla lettera che annuncia una bolletta si allega l’avviso, con le sue voci.", HintEn = "Whether the letter that tells of a bill brings the notice with its lines.")]
    public bool PdfNotices { get; init; } = true;

    [Setting("Promemoria prima della scadenza", "Reminder before the due date",
        Hint = "Quanti giorni prima della scadenza si ricorda di pagare. Vuoto: mai.", HintEn = "How many days before the due date somebody is reminded. Empty: never.")]
    [Range(0, 30)]
    public int? RemindBefore { get; init; }

    [Setting("Sollecito dopo la scadenza", "Reminder after the due date",
        Hint = "Quanti giorni dopo la scadenza si scrive che la bolletta non risulta pagata. Vuoto: mai.", HintEn = "How many days after the due date somebody is told that a bill is not paid. Empty: never.")]
    [Range(1, 365)]
    public int? RemindAfter { get; init; }

    [Setting("Maggiorazione per ritardo", "Surcharge for delay",
        Hint = "Quanti centesimi della bolletta si aggiungono, secondo il regolamento. Vuoto: nessuna.", HintEn = "How many hundredths of the bill are added, as the regulation says. Empty: none.")]
    [Range(1, 50)]
    public int? Surcharge { get; init; }

    [Setting("Giorni prima della maggiorazione", "Days until the surcharge", Hint = "Dopo quanti giorni interi dalla scadenza.", HintEn = "After how many whole days from the due date.")]
    [Range(0, 365)]
    public int SurchargeAfter { get; init; } = 60;

    [Setting("Maggiorazione dal", "Surcharge since",
        Hint = "Vale per le bollette che scadono da questo giorno: nessuno paga di più per una regola che non c’era.", HintEn = "For bills due from this day on: nobody pays more by a rule that was not there.")]
    public DateOnly? SurchargeSince { get; init; }

    [Setting("Rate da", "Instalments from",
        Hint = "Da quale importo una bolletta si può pagare a rate. Vuoto: mai.", HintEn = "From which amount a bill may be paid by instalments. Empty: never.")]
    public Euro? InstalmentsFrom { get; init; }

    [Setting("Quante rate", "How many instalments", Hint = "Da 2 a 12, uguali al centesimo.", HintEn = "From 2 to 12, equal to the cent.")]
    [Range(2, 12)]
    public int Instalments { get; init; } = 3;

    [Setting("Giorni tra le rate", "Days between instalments",
        Hint = "La prima scade con la bolletta, o subito se è già scaduta.", HintEn = "The first is due with the bill, or at once when that is overdue.")]
    [Range(7, 120)]
    public int InstalmentDays { get; init; } = 30;

    [Setting("Blocco delle iscrizioni", "Enrolment block",
        Hint = "Rifiuta nuove iscrizioni quando chi paga ha una bolletta scaduta da tanti giorni, salvo deroga dei servizi sociali. Vuoto: mai.",
        HintEn = "Refuses new enrolments when who pays has a bill overdue by so many days, except where the social services decide otherwise. Empty: never.")]
    [Range(1, 730)]
    public int? BlockAfter { get; init; }

    [Setting("Avviso di saldo basso", "Notice of a low balance",
        Hint = "Sotto quale saldo del borsellino si scrive alla famiglia, una volta finché non ricarica. Vuoto: mai.", HintEn = "Below which balance of a prepaid wallet the family is written to, once until it tops up. Empty: never.")]
    public Euro? WalletLow { get; init; }

    [Setting("Debito che blocca", "Debt that blocks",
        Hint = "Rifiuta nuove iscrizioni dell’alunno quando il suo borsellino è in debito di più di questo, salvo deroga dei servizi sociali. Vuoto: mai.",
        HintEn = "Refuses new enrolments of a pupil whose prepaid wallet owes more than this, except where the social services decide otherwise. Empty: never.")]
    public Euro? WalletDebt { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Surcharge is not null && SurchargeSince is null)
            yield return new("A surcharge needs the day from which bills are due to which it applies: surchargeSince=2027-01-01.", [nameof(SurchargeSince)]);
        if (InstalmentsFrom is { } from && from < new Euro(100))
            yield return new("Instalments are offered from 1,00 on, or never: instalmentsFrom=50,00.", [nameof(InstalmentsFrom)]);
    }

    public static IEnumerable<Readiness> Check(SchoolFeesSettings settings, Entity creditor)
    {
        yield return (creditor.Phone ?? creditor.Email ?? creditor.Pec) is not null
            ? new(true, "Families can read whom to ask.")
            : new(false, "Families cannot read whom to ask: write the entity's contacts (portico entity set).");
    }
}
