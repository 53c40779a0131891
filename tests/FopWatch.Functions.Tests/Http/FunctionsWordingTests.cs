using System.Reflection;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.PortContracts.Wording;

namespace FopWatch.Functions.Tests.Http;

public sealed class FunctionsWordingTests : WordingContract
{
    protected override IEnumerable<Assembly> Assemblies => [typeof(Doctor).Assembly, typeof(Problem).Assembly, typeof(Composition).Assembly];
}
