using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Services.SchoolFees.Certificates;

/// <summary>Issues the certificates of a year for everybody and lists them. Asked again it issues what is missing or changed, and nothing twice.</summary>
[RequiresPermission("schoolfees.certify")]
internal sealed class ListCertificates(ICommands commands, ISessions sessions) : IOfficeCommand
{
    const int AtOnce = 50;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var year = call.Number("year")!.Value;
        var sheet = new CsvSheet(output);
        await sheet.Row("anno", "numero", "codice", "pagante", "alunno", "frequenza", "nido", "nuova");
        var (last, all, fresh) = ("", 0, 0);
        while (true)
        {
            var payers = await sessions.Run(session => YearOfPupil.Payers(session, year, last, AtOnce), stop);
            if (payers.Count == 0)
                break;
            var issued = await commands.Send(new IssueCertificates(year, payers, Send: call.Has("send")), stop);
            if (issued.Refusal is not null)
                return $"Il {year} non è finito: le attestazioni si fanno dal 1° gennaio {year + 1}.";
            foreach (var certificate in issued.Value)
                await sheet.Row(
                    year, certificate.Number, certificate.Code, certificate.Content.PayerId, certificate.Content.PupilId, certificate.Content.Of(Deduction.School),
                    certificate.Content.Of(Deduction.Nursery), certificate.New ? "sì" : "no");
            (last, all, fresh) = (payers[^1], all + issued.Value.Length, fresh + issued.Value.Count(certificate => certificate.New));
        }
        call.Note($"{all} attestazioni per il {year}, {fresh} nuove.");
        return null;
    }
}
