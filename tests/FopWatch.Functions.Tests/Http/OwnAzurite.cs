
namespace FopWatch.Functions.Tests.Http;

/// <summary>An Azurite that the tests of one class may stop, and that no others use.</summary>
public sealed class OwnAzurite : IAsyncDisposable
{
    private Azurite? _azurite;

    public async Task<Azurite> StartedAsync() => _azurite ??= await Azurite.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_azurite is not null)
            await _azurite.DisposeAsync();
    }
}
