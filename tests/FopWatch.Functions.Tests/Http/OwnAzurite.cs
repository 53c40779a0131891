
namespace FopWatch.Functions.Tests.Http;

/// <summary>An Azurite for the tests of one class, which may stop it.</summary>
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
