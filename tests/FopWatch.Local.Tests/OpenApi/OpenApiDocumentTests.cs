using System.Runtime.CompilerServices;
using FopWatch.Api;

namespace FopWatch.Local.Tests.OpenApi;

/// <summary>Compares the OpenAPI document that both hosts serve with their endpoints.</summary>
public sealed class OpenApiDocumentTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_served_document_is_the_generated_one()
    {
        using var resource = typeof(Problem).Assembly.GetManifestResourceStream("openapi.json")!;
        using var served = new StreamReader(resource);

        Assert.Equal(await GeneratedDocument.ReadAsync(Cancelled), (await served.ReadToEndAsync(Cancelled)).ReplaceLineEndings("\n"));
    }

    [Fact(Explicit = true)]
    public async Task Write_the_served_document() => await File.WriteAllTextAsync(
        Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../src/FopWatch.Api/openapi.json"), await GeneratedDocument.ReadAsync(Cancelled), Cancelled);

    private static string ThisFile([CallerFilePath] string file = "") => file;
}
