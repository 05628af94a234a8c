[assembly: Service("suolo", "1.0", Title = "Occupazione di suolo pubblico", TitleEn = "Use of public ground", Author = "comune-di-esempio")]

namespace Suolo;

public sealed class SuoloService : IService
{
    public void Describe(IServiceDescription service)
    {
        service.Path("suolo-pubblico");
        service.Page<AskPage>("");
        service.Page<PayPage>("richiesta/{token}");
        service.Provides<IPositionOwner, Price>();
    }
}
