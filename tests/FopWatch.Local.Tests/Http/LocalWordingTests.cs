using System.Reflection;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Local.Hosting;
using FopWatch.PortContracts.Wording;

namespace FopWatch.Local.Tests.Http;

public sealed class LocalWordingTests : WordingContract
{
    protected override IEnumerable<Assembly> Assemblies => [typeof(Doctor).Assembly, typeof(Problem).Assembly, typeof(LocalHost).Assembly];
}
